import { EventEmitter, once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { Logger } from '@maydan/common';
import ffmpeg from 'fluent-ffmpeg';
import type { LegCommand } from './legArguments.ts';

export interface LegEncoderOptions {
  readonly ffmpegPath: string;
  readonly command: LegCommand;
  readonly log: Logger;
  /** Folder for the sockets, a short path; default the system's temporary folder when that is short, else /tmp. */
  readonly socketRoot?: string;
  /** Input flows but nothing comes out for this long: the process hangs. */
  readonly hangMs?: number;
}

export interface EncoderProgress {
  /** Media time encoded per second of wall clock since the last report; 1 keeps up. Null on the first report. */
  readonly speed: number | null;
  /** Frames per second of wall clock. */
  readonly fps: number;
}

/** How the process ended. */
export interface EncoderExit {
  /** `ended`: all input was encoded. `killed`: by us. `hung`: by us, for giving nothing. `failed`: by itself. */
  readonly reason: 'ended' | 'killed' | 'hung' | 'failed';
  /** Null when a signal ended it or it could not be started. */
  readonly code: number | null;
  /** Last lines of the error output, and what could not be started. */
  readonly stderrTail: string;
}

export interface LegEncoderEvents {
  data: [renditionId: string, bytes: Uint8Array];
  /** `write` may go on. */
  drain: [];
  progress: [progress: EncoderProgress];
  /** Last event; comes once, after all data. */
  exit: [exit: EncoderExit];
}

const inputBufferBytes = 256 * 1024;
const keptStderrLines = 30;
/** A path of a unix socket has at most 107 bytes (sun_path). */
const maxSocketPath = 100;
const folderPrefix = 'maydan-leg-';
/** ffmpeg's `-stats`; without pictures it has no frames and no rate. */
const statusLine = /^(?:frame=.*?fps=\s*([\d.]+)|size=).*?time=(?:N\/A|(-?)(\d+):(\d+):([\d.]+))/;

/**
 * One ffmpeg process for one leg: frames in by `write`, one fragmented MP4 per rendition out by `data`.
 * Who creates it has to `end` or `kill` it; sockets and their folder are removed at its exit.
 */
export class LegEncoder extends EventEmitter<LegEncoderEvents> {
  private readonly options: LegEncoderOptions;
  private readonly input = new PassThrough({ writableHighWaterMark: inputBufferBytes });
  private readonly stderrLines: string[] = [];
  /** Resolve when ffmpeg has closed them. */
  private readonly outputs: Promise<void>[] = [];
  private readonly servers: Server[] = [];
  private readonly sockets = new Set<Socket>();
  private folder: string | null = null;
  private command: ffmpeg.FfmpegCommand | null = null;
  private spawned = false;
  private stopReason: 'killed' | 'hung' | null = null;
  private exited: Promise<EncoderExit> | null = null;
  private hangTimer: NodeJS.Timeout | null = null;
  private unansweredSinceMs: number | null = null;
  private lastProgress: { mediaSec: number; atMs: number } | null = null;

  constructor(options: LegEncoderOptions) {
    super();
    this.options = options;
    this.input.on('drain', () => this.emit('drain'));
    // A process that died is told by its exit.
    this.input.on('error', () => undefined);
  }

  /** Opens the sockets and starts the process. A failure is told by `exit`. What is written before waits. */
  start(): void {
    this.exited ??= this.run();
  }

  /** False: wait for `drain` before writing more. */
  write(bytes: Uint8Array): boolean {
    if (!this.input.writable || this.stopReason !== null) return true;
    this.unansweredSinceMs ??= Date.now();
    return this.input.write(bytes);
  }

  /** No more input: resolves when everything is encoded and told, or the process is gone otherwise. */
  async end(): Promise<EncoderExit> {
    this.input.end();
    this.unansweredSinceMs ??= Date.now();
    return this.exited ?? this.neverStarted();
  }

  /** Ends the process at once. Idempotent. */
  async kill(): Promise<EncoderExit> {
    this.stop('killed');
    return this.exited ?? this.neverStarted();
  }

  private async neverStarted(): Promise<EncoderExit> {
    this.exited = Promise.resolve({ reason: 'killed', code: null, stderrTail: '' });
    return this.exited;
  }

  private stop(reason: 'killed' | 'hung'): void {
    this.stopReason ??= reason;
    if (this.spawned) this.command?.kill('SIGKILL');
  }

  private async run(): Promise<EncoderExit> {
    let exit: EncoderExit;
    try {
      const targets = await this.listen();
      exit = await this.runProcess(targets);
    } catch (error) {
      exit = { reason: 'failed', code: null, stderrTail: String(error) };
    }
    if (exit.code === 0) await Promise.all(this.outputs);
    await this.cleanUp();
    this.emit('exit', exit);
    return exit;
  }

  private async listen(): Promise<string[]> {
    const folder = await mkdtemp(socketFolderPrefix(this.options.socketRoot));
    this.folder = folder;
    return Promise.all(
      this.options.command.outputs.map(async ({ id }, index) => {
        const path = join(folder, String(index));
        if (Buffer.byteLength(path) > maxSocketPath)
          throw new Error(`The path ${path} is too long for a socket.`);
        const server = createServer();
        this.servers.push(server);
        this.receive(id, server);
        server.listen(path);
        await once(server, 'listening');
        return `unix:${path}`;
      }),
    );
  }

  private receive(id: string, server: Server): void {
    server.once('connection', (socket: Socket) => {
      server.close();
      this.sockets.add(socket);
      this.outputs.push(new Promise((resolve) => socket.once('close', () => resolve())));
      socket.on('data', (bytes: Buffer) => {
        // After the input's end there is always one more answer to come: the process's own end.
        this.unansweredSinceMs = this.input.writableEnded ? Date.now() : null;
        if (this.stopReason === null) this.emit('data', id, bytes);
      });
      // A reset has the same meaning as an end: the process is judged by its exit code.
      socket.on('error', () => socket.destroy());
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  private runProcess(targets: readonly string[]): Promise<EncoderExit> {
    const command = this.buildCommand(targets);
    this.command = command;
    this.hangTimer = setInterval(() => this.checkHang(), 500);
    return new Promise((resolve) => {
      command.on('start', (line: string) => {
        this.spawned = true;
        this.options.log.debug({ command: line }, 'encoder started');
        if (this.stopReason !== null) command.kill('SIGKILL');
      });
      command.on('stderr', (line: string) => this.readStderr(line));
      command.on('end', () => resolve(this.exitOf(0, '')));
      command.on('error', (error: Error) => {
        const code = /exited with code (\d+)/.exec(error.message)?.[1];
        resolve(this.exitOf(code === undefined ? null : Number(code), error.message));
      });
      if (this.stopReason !== null) resolve(this.exitOf(null, ''));
      else command.run();
    });
  }

  private buildCommand(targets: readonly string[]): ffmpeg.FfmpegCommand {
    const { ffmpegPath, command: leg } = this.options;
    const command = ffmpeg({ stdoutLines: keptStderrLines }).setFfmpegPath(ffmpegPath);
    command.input(this.input).inputOptions(...leg.inputOptions);
    if (leg.filterGraph !== null) command.complexFilter(leg.filterGraph);
    for (const [index, output] of leg.outputs.entries()) {
      command.output(targets[index] ?? '').outputOptions(...output.options);
    }
    return command;
  }

  private exitOf(code: number | null, message: string): EncoderExit {
    const reason = this.stopReason ?? (code === 0 ? 'ended' : 'failed');
    const tail = this.stderrLines.join('\n');
    return { reason, code, stderrTail: tail === '' ? message : tail };
  }

  private readStderr(line: string): void {
    const status = statusLine.exec(line);
    if (status === null) {
      if (line.trim() !== '') this.stderrLines.push(line.slice(0, 500));
      if (this.stderrLines.length > keptStderrLines) this.stderrLines.shift();
      return;
    }
    const [, fps = '0', sign, hours, minutes, seconds] = status;
    if (seconds === undefined) return;
    const mediaSec = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
    this.report(sign === '-' ? -mediaSec : mediaSec, Number(fps));
  }

  private report(mediaSec: number, fps: number): void {
    const atMs = Date.now();
    const last = this.lastProgress;
    if (last !== null && atMs - last.atMs < 500) return;
    const speed = last === null ? null : (1000 * (mediaSec - last.mediaSec)) / (atMs - last.atMs);
    this.lastProgress = { mediaSec, atMs };
    this.emit('progress', { speed, fps });
  }

  private checkHang(): void {
    const since = this.unansweredSinceMs;
    if (since === null || Date.now() - since < (this.options.hangMs ?? 10_000)) return;
    this.options.log.error('the encoder gives nothing back and is ended');
    this.stop('hung');
  }

  private async cleanUp(): Promise<void> {
    if (this.hangTimer !== null) clearInterval(this.hangTimer);
    this.input.destroy();
    for (const socket of this.sockets) socket.destroy();
    for (const server of this.servers) server.close();
    if (this.folder !== null) await rm(this.folder, { recursive: true, force: true });
  }
}

/** Folders of sockets begin with this; those of processes that died are removed by the next one. */
export function socketFolderPrefix(root = shortTemporaryFolder()): string {
  return join(root, `${folderPrefix}${process.pid}-`);
}

function shortTemporaryFolder(): string {
  return tmpdir().length <= maxSocketPath - 30 ? tmpdir() : '/tmp';
}

/** Removes socket folders of processes that were killed before they could. */
export async function removeStaleSockets(socketRoot = shortTemporaryFolder()): Promise<void> {
  for (const name of await readdir(socketRoot)) {
    const pid = name.startsWith(folderPrefix) ? Number.parseInt(name.slice(folderPrefix.length), 10) : NaN;
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    await rm(join(socketRoot, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Not allowed to signal it means that it is there.
    return !(typeof error === 'object' && error !== null && 'code' in error && error.code === 'ESRCH');
  }
}

/**
 * fluent-ffmpeg asks ffmpeg once per process for its formats and encoders before the first run; done at the
 * worker's start, this doesn't delay the first session. Also clears away what killed workers left. Throws when ffmpeg can't be run or lacks what we need.
 */
export async function warmUpEncoder(ffmpegPath: string): Promise<void> {
  await removeStaleSockets();
  const command = ffmpeg().setFfmpegPath(ffmpegPath);
  await new Promise<void>((resolve, reject) => {
    command.getAvailableFormats((error) => (error instanceof Error ? reject(error) : resolve()));
  });
  const encoders = await new Promise<ffmpeg.Encoders>((resolve, reject) => {
    command.getAvailableEncoders((error, found) => (error instanceof Error ? reject(error) : resolve(found)));
  });
  for (const needed of ['libx264', 'aac', 'libopus']) {
    if (!(needed in encoders)) throw new Error(`${ffmpegPath} has no encoder ${needed}.`);
  }
}
