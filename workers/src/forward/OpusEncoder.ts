import { EventEmitter } from 'node:events';
import type { Logger } from '@maydan/common';
import { FragmentError, FragmentReader } from '../cmaf/index.ts';
import { opusCommand } from '../ffmpeg/forwardArguments.ts';
import { LegEncoder } from '../ffmpeg/LegEncoder.ts';
import type { AacConfig } from '../source/aacConfig.ts';
import { aacConfigTag, aacFrameTag, flvHeader } from '../source/flv/writeFlv.ts';
import { sameBytes, type SoundFrame } from '../source/frames.ts';

export interface OpusFrame {
  readonly timeMs: number;
  readonly data: Uint8Array;
}

export interface OpusEncoderEvents {
  frame: [frame: OpusFrame];
}

/** The time scale of Opus. */
const ticksPerMs = 48;
/** The process begins its clock here, since Opus frames begin before the sound they hold (pre-skip) and no time may be below 0. */
const headStartMs = 1_000;
/** A process that fails is started again, not more often than this. */
const restartMs = 1_000;

/**
 * Sound of a source as Opus, by one ffmpeg process; times are those of the frames that went in. A configuration that
 * changes and a process that dies mean a new process and a short hole.
 */
export class OpusEncoder extends EventEmitter<OpusEncoderEvents> {
  readonly #ffmpegPath: string;
  readonly #log: Logger;
  #run: { encoder: LegEncoder; config: AacConfig; originMs: number } | null = null;
  #notBeforeMs = 0;
  #isClosed = false;

  constructor(options: { ffmpegPath: string; log: Logger }) {
    super();
    this.#ffmpegPath = options.ffmpegPath;
    this.#log = options.log;
  }

  push(frame: SoundFrame): void {
    const run = this.#runFor(frame);
    if (run === null) return;
    // Full buffers are no matter here: 100 kbit/s of sound never fill them unless the process hangs, which it is killed for.
    run.encoder.write(aacFrameTag(frame.timeMs - run.originMs, frame.data));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const run = this.#run;
    this.#run = null;
    await run?.encoder.kill();
  }

  #runFor(frame: SoundFrame): { encoder: LegEncoder; originMs: number } | null {
    const run = this.#run;
    if (run !== null && sameBytes(run.config.record, frame.config.record)) return run;
    if (run !== null) {
      this.#run = null;
      void run.encoder.end();
    }
    return this.#isClosed || Date.now() < this.#notBeforeMs ? null : this.#start(frame);
  }

  #start({ config, timeMs }: SoundFrame): { encoder: LegEncoder; originMs: number } {
    const originMs = Math.floor(timeMs) - headStartMs;
    const log = this.#log;
    const encoder = new LegEncoder({ ffmpegPath: this.#ffmpegPath, command: opusCommand(), log });
    const run = { encoder, config, originMs };
    this.#run = run;
    this.#notBeforeMs = Date.now() + restartMs;
    const reader = new FragmentReader({
      onInit: () => undefined,
      onSample: ({ dts, data }) => {
        if (!this.#isClosed) this.emit('frame', { timeMs: originMs + dts / ticksPerMs, data });
      },
    });
    encoder.on('data', (_, bytes) => {
      try {
        reader.push(bytes);
      } catch (error) {
        if (!(error instanceof FragmentError)) throw error;
        void encoder.kill();
      }
    });
    encoder.once('exit', ({ reason, stderrTail }) => {
      if (this.#run !== run) return;
      this.#run = null;
      log.warn({ reason, stderrTail }, 'the encoder of the sound ended');
    });
    encoder.start();
    encoder.write(flvHeader({ video: false, audio: true }));
    encoder.write(aacConfigTag(headStartMs, config.record));
    return run;
  }
}
