import { EventEmitter } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Logger } from '@maydan/common';
import type { PictureFigures } from './PictureMeter.ts';
import type { LevelNews, ProbeAnswer, ProbeRequest } from './probeWorker.ts';

type Asked = ProbeRequest extends infer R ? (R extends ProbeRequest ? Omit<R, 'id'> : never) : never;
type Opening = { type: 'open'; codec: string; from: number } | { type: 'openLevels'; from: number };
/** `port`: of loopback, where to send the packets. */
export interface OpenProbe {
  readonly probe: number;
  readonly port: number;
}
interface Waiting {
  readonly resolve: (answer: ProbeAnswer) => void;
  readonly reject: (error: Error) => void;
}

interface ProbeThreadEvents {
  /** What was heard, some five times a second while anything is. */
  levels: [levels: LevelNews['levels']];
  /** The thread has ended, and its probes with it. */
  gone: [];
}

/** The thread that reads the packets of all probes. It is begun with the first of them, and anew when it ended by itself. */
export class ProbeThread extends EventEmitter<ProbeThreadEvents> {
  readonly #logger: Logger;
  readonly #waiting = new Map<number, Waiting>();
  #thread: Worker | null = null;
  #closed = false;
  #lastId = 0;
  #lastProbe = 0;

  constructor(logger: Logger) {
    super();
    // One listener for each Router is no leak.
    this.setMaxListeners(0);
    this.#logger = logger;
  }

  /**
   * Meters the pictures that come from a port of loopback. `port`: where to send them.
   * @throws Error when the thread is gone.
   */
  open(codec: string, from: number): Promise<OpenProbe> {
    return this.#open({ type: 'open', codec, from });
  }

  /** Likewise hears sound: of whom is told by `listen`, how loud they are comes as `levels`. */
  openLevels(from: number): Promise<OpenProbe> {
    return this.#open({ type: 'openLevels', from });
  }

  /** @throws Error when the thread is gone. */
  async listen(probe: number, ssrc: number, extensionId: number): Promise<void> {
    await this.#ask({ type: 'listen', probe, ssrc, extensionId });
  }

  /** Idempotent. */
  forget(probe: number, ssrc: number): void {
    this.#tell({ type: 'forget', probe, ssrc });
  }

  /** Null when it isn't metered any more. @throws Error when the thread is gone. */
  async read(probe: number): Promise<PictureFigures | null> {
    return (await this.#ask({ type: 'read', probe })).figures ?? null;
  }

  /** Idempotent. */
  closeProbe(probe: number): void {
    this.#tell({ type: 'close', probe });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#thread?.terminate();
  }

  async #open(asked: Opening): Promise<OpenProbe> {
    const probe = (this.#lastProbe += 1);
    const { port } = await this.#ask({ ...asked, probe });
    if (port === undefined) throw new Error('The probe has no port.');
    return { probe, port };
  }

  /** Of a thread that is gone all is forgotten. */
  #tell(asked: Asked): void {
    if (this.#thread !== null) this.#ask(asked).catch(() => undefined);
  }

  #ask(asked: Asked): Promise<ProbeAnswer> {
    if (this.#closed) return Promise.reject(new Error('The probes are closed.'));
    const thread = (this.#thread ??= this.#start());
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      thread.postMessage({ ...asked, id } satisfies ProbeRequest);
    });
  }

  #start(): Worker {
    const thread = new Worker(new URL('./probeWorker.ts', import.meta.url));
    thread.on('message', (said: ProbeAnswer | LevelNews) => {
      if ('levels' in said) this.emit('levels', said.levels);
      else this.#answered(said);
    });
    thread.on('error', (error) => this.#logger.error({ err: error }, 'pictures are no longer metered'));
    thread.once('exit', () => {
      this.#thread = null;
      for (const { reject } of this.#waiting.values()) reject(new Error('The probes’ thread ended.'));
      this.#waiting.clear();
      this.emit('gone');
    });
    return thread;
  }

  #answered(answer: ProbeAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.error === undefined) waiting?.resolve(answer);
    else waiting?.reject(new Error(answer.error));
  }
}
