import { EventEmitter } from 'node:events';
import type { Logger } from '@maydan/common';
import { PipedProcess } from '../../ffmpeg/PipedProcess.ts';
import { encoderThreads } from '../../ladder/cost.ts';
import { MessageReader, stageMediaPath } from '../native/messages.ts';
import type { AvcPicture } from '../picture/AvcPicture.ts';
import { replyOf, tickMessage, type ComposerReply } from './composerProtocol.ts';
import type { CanvasSize } from './layout.ts';

export interface ComposerSettings {
  /** Another program in the place of ours, for tests. */
  readonly composerPath?: string;
  /** Another time in the place of `hangMs`, for tests. */
  readonly hangAfterMs?: number;
  readonly size: CanvasSize;
  readonly frameRate: number;
  readonly bitrateBps: number;
  readonly cpuBudgetCores: number;
  readonly log: Logger;
}

export interface ComposerEvents {
  /** AVCDecoderConfigurationRecord; before the first picture. */
  config: [record: Uint8Array];
  picture: [picture: AvcPicture];
  /** A track has its first picture. */
  shown: [track: number];
  /** A picture of the track could not be decoded: it needs a key frame. */
  broken: [track: number];
  /** Last event, comes once. `culprit`: the track whose picture was being decoded, if that ended it. */
  closed: [end: { readonly isFault: boolean; readonly culprit: number | null }];
}

/** Pictures that may wait; with more it doesn't keep up, and some are left out. */
const fewestWaiting = 8;
/** The same as a time, for higher frame rates. Well below what sound is kept back for its pictures (`StageFlv`): with more, they would look gone. */
const mostWaitingSec = 0.4;
/** More than this waiting means that decoding doesn't keep up. */
const mostWaitingBytes = 4_000_000;
/** Nothing comes out for so long: it hangs. */
const hangMs = 20_000;

/**
 * One process that decodes the pictures of everybody, draws them and encodes the stage, from a first to a last tick. Raw
 * pictures never leave it. Who creates it closes it.
 */
export class ComposerProcess extends EventEmitter<ComposerEvents> {
  readonly #process: PipedProcess;
  readonly #reader = new MessageReader();
  readonly #mostWaiting: number;
  readonly #hangMs: number;
  #waiting = 0;
  #aliveMs = performance.now();
  #hasBroken = false;

  constructor({
    composerPath = stageMediaPath,
    hangAfterMs = hangMs,
    size,
    frameRate,
    bitrateBps,
    cpuBudgetCores,
    log,
  }: ComposerSettings) {
    super();
    this.#hangMs = hangAfterMs;
    // As the only work it does a small picture needs no second thread, which costs more than it gives.
    const threads = Math.max(1, encoderThreads(size, frameRate, cpuBudgetCores) - 1);
    // Each thread but one keeps a picture.
    this.#mostWaiting = Math.max(fewestWaiting, Math.ceil(frameRate * mostWaitingSec)) + threads - 1;
    const numbers = [size.width, size.height, frameRate, bitrateBps, threads];
    this.#process = new PipedProcess(composerPath, ['compose', ...numbers.map(String)]);
    this.#process.on('data', (bytes) => this.#read(bytes));
    this.#process.on('exit', ({ reason, stderrTail }) => {
      const isFault = reason !== 'killed' || this.#hasBroken;
      if (isFault) log.error({ stderr: stderrTail }, 'the composer of the stage failed');
      const culprit = /^decoding (\d+)$/m.exec(stderrTail)?.[1];
      this.emit('closed', { isFault, culprit: culprit === undefined ? null : Number(culprit) });
    });
  }

  /** False: it doesn't keep up; the next picture should be left out. */
  get isReady(): boolean {
    return this.#waiting < this.#mostWaiting;
  }

  /** False: not even what is to be decoded is taken in time. */
  get mayDecode(): boolean {
    return this.#process.waitingBytes < mostWaitingBytes;
  }

  /** Sends messages in one go; with `timeMs` a picture of that moment is asked for behind them. */
  send(messages: readonly Uint8Array[], timeMs: number | null): void {
    if (this.#waiting > 0 && performance.now() - this.#aliveMs > this.#hangMs) return this.#break();
    if (messages.length === 0 && timeMs === null) return;
    this.#process.together(() => {
      for (const bytes of messages) this.#process.write(bytes);
      if (timeMs === null) return;
      if (this.#waiting === 0) this.#aliveMs = performance.now();
      this.#waiting += 1;
      for (const bytes of tickMessage(timeMs)) this.#process.write(bytes);
    });
  }

  async close(): Promise<void> {
    await this.#process.kill();
  }

  /** Ends as a fault of its own. It says whose picture it was decoding, as at any other fatal signal. */
  #break(): void {
    if (this.#hasBroken) return;
    this.#hasBroken = true;
    void this.#process.abort();
  }

  #read(bytes: Uint8Array): void {
    try {
      for (const message of this.#reader.push(bytes)) this.#tell(replyOf(message));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#break();
    }
  }

  #tell(reply: ComposerReply): void {
    switch (reply.type) {
      case 'config':
        return void this.emit('config', reply.record);
      case 'picture':
        this.#waiting -= 1;
        this.#aliveMs = performance.now();
        return void this.emit('picture', reply.picture);
      case 'shown':
        return void this.emit('shown', reply.track);
      case 'broken':
        return void this.emit('broken', reply.track);
    }
  }
}
