import { EventEmitter } from 'node:events';
import { FrameReader } from '../source/FrameReader.ts';
import type { SoundFrame, VideoFrame } from '../source/frames.ts';
import { RelayReader, type RelayEnd } from '../source/RelayReader.ts';
import type { VideoConfig } from '../source/videoConfig.ts';
import { WallClock } from '../source/WallClock.ts';

export interface ForwardSourceOptions {
  readonly relayUrl: string;
  readonly mintToken: () => string;
  /** Wall clock (Unix ms) of media time 0 of the whole session, so that times go on over connections. */
  readonly originMs: number;
  /** No media time may be below this: what an earlier connection got to. */
  readonly notBeforeMs: number;
}

export interface ForwardSourceEvents {
  configured: [config: VideoConfig];
  picture: [frame: VideoFrame];
  sound: [frame: SoundFrame];
  unsupported: [kind: 'audio' | 'video', codec: string];
  ended: [end: RelayEnd];
}

/** One connection to a relay, its frames on the session's media time. Single use. */
export class ForwardSource extends EventEmitter<ForwardSourceEvents> {
  readonly #options: ForwardSourceOptions;
  readonly #reader: RelayReader;
  readonly #frames: FrameReader;
  readonly #wall = new WallClock();
  /** Added to the connection's own times; known with the first frame. */
  #shiftMs: number | null = null;

  constructor(options: ForwardSourceOptions) {
    super();
    this.#options = options;
    const nothing = (): void => undefined;
    this.#frames = new FrameReader({
      videoConfigured: (config) => void this.emit('configured', config),
      audioConfigured: nothing,
      extraTrack: nothing,
      clockJumped: nothing,
      unsupported: (kind, codec) => void this.emit('unsupported', kind, codec),
      picture: (frame, arrivalMs) => void this.emit('picture', this.#shifted(frame, arrivalMs)),
      sound: (frame, arrivalMs) => void this.emit('sound', this.#shifted(frame, arrivalMs)),
    });
    this.#reader = new RelayReader(options);
    this.#reader.on('tags', (tags) => {
      const arrivalMs = performance.timeOrigin + performance.now();
      for (const tag of tags) this.#frames.push(tag, arrivalMs);
    });
    this.#reader.once('ended', (end) => this.emit('ended', end));
  }

  /** Failures are told by `ended`. */
  start(): void {
    this.#reader.start();
  }

  /** `ended` follows unless it came already. */
  close(): void {
    this.#reader.close();
  }

  /** Media time that is captured at this moment (Unix ms); null before the first frame. */
  captureMsAt(unixMs: number): number | null {
    return this.#shiftMs === null ? null : unixMs - this.#wall.at(0);
  }

  #shifted<F extends SoundFrame | VideoFrame>(frame: F, arrivalMs: number): F {
    const { originMs, notBeforeMs } = this.#options;
    this.#shiftMs ??= Math.max(arrivalMs - originMs, notBeforeMs) - frame.timeMs;
    const timeMs = frame.timeMs + this.#shiftMs;
    this.#wall.add(timeMs, arrivalMs);
    return { ...frame, timeMs };
  }
}
