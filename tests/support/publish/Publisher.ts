import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { publishArguments, type TestPattern } from './testPattern.ts';

export interface PublisherExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** A real encoder: ffmpeg publishing over RTMP or RTMPS. Whoever starts it stops it. */
export class Publisher {
  readonly #child: ChildProcess;
  #stderr = '';
  readonly exited: Promise<PublisherExit>;

  /** Starts ffmpeg with the test pattern; `url` ends with the stream key. */
  static start(url: string, pattern: TestPattern, ffmpegPath = 'ffmpeg'): Publisher {
    return Publisher.run([...publishArguments(pattern), url], ffmpegPath);
  }

  /** Starts ffmpeg with any arguments. */
  static run(args: readonly string[], ffmpegPath = 'ffmpeg'): Publisher {
    return new Publisher(
      spawn(ffmpegPath, ['-hide_banner', '-loglevel', 'warning', ...args], {
        stdio: ['pipe', 'ignore', 'pipe'],
      }),
    );
  }

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stderr?.on(
      'data',
      (chunk: Buffer) => (this.#stderr = (this.#stderr + chunk.toString()).slice(-20_000)),
    );
    child.stdin?.on('error', () => undefined);
    this.exited = once(child, 'exit').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      stderr: this.#stderr,
    }));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get stdin(): NonNullable<ChildProcess['stdin']> {
    if (this.#child.stdin === null) throw new Error('the publisher has no stdin');
    return this.#child.stdin;
  }

  /** Asks ffmpeg to finish as OBS does with "stop streaming"; kills it after five seconds. */
  async stop(): Promise<PublisherExit> {
    if (!this.running) return this.exited;
    this.#child.kill('SIGINT');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5_000);
    const result = await this.exited;
    clearTimeout(timer);
    return result;
  }

  /** Any signal: SIGKILL is a crashed encoder, SIGSTOP a frozen network. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}
