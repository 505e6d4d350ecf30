import type { Logger } from '@maydan/common';
import type { Admission, Reservation } from '../live/Admission.ts';
import { parameterSetsOf } from '../source/avcConfig.ts';
import type { VideoFrame } from '../source/frames.ts';
import { splitNalUnits } from '../source/nalUnits.ts';
import { RecentFrames } from '../source/RecentFrames.ts';
import type { VideoConfig } from '../source/videoConfig.ts';
import { PictureTranscoder } from './PictureTranscoder.ts';
import { transcodeCores } from './transcodeSize.ts';
import { hasBFrames, judge, ReorderWatch, type Unsafe } from './webRtcSafety.ts';

/** How a picture leaves: NAL units without lengths, and the parameter sets that go before a key frame. */
export type SendPicture = (
  units: readonly Uint8Array[],
  parameterSets: readonly Uint8Array[],
  timeMs: number,
) => void;

export interface PicturePathOptions {
  readonly ffmpegPath: string;
  readonly admission: Admission;
  readonly log: Logger;
  readonly send: SendPicture;
  /** The verdict changed; null: passed on as it is. */
  readonly onVerdict: (unsafe: Unsafe | null) => void;
  /** There are viewers but no cores for the transcode, or there are again. */
  readonly onCapacity: (isMissing: boolean) => void;
}

/** A viewer who reloads the page comes back within this. */
const lingerMs = 5_000;
const retryMs = 1_000;

/** Passes a source's pictures on as they are, or encoded anew when WebRTC can't carry them and somebody watches. */
export class PicturePath {
  readonly #options: PicturePathOptions;
  readonly #recent = new RecentFrames();
  #config: VideoConfig | null = null;
  #parameterSets: readonly Uint8Array[] = [];
  #reorder = new ReorderWatch();
  #held: VideoFrame[] = [];
  #unsafe: Unsafe | null = null;
  #viewers = 0;
  #lastViewedMs = -Infinity;
  #retryAtMs = 0;
  #transcode: { transcoder: PictureTranscoder; reservation: Reservation } | null = null;

  constructor(options: PicturePathOptions) {
    this.#options = options;
  }

  /** Why pictures are encoded anew; null while they are passed on. */
  get unsafe(): Unsafe | null {
    return this.#unsafe;
  }

  get isTranscoding(): boolean {
    return this.#transcode !== null;
  }

  setViewers(viewers: number, nowMs = Date.now()): void {
    if (this.#viewers > 0) this.#lastViewedMs = nowMs;
    this.#viewers = viewers;
  }

  push(frame: VideoFrame, nowMs = Date.now()): void {
    if (frame.config !== this.#config) this.#configure(frame.config);
    this.#reorder.add(frame.compositionMs);
    this.#recent.addVideo(frame);
    if (this.#unsafe === null && this.#reorder.verdict === 'reordered') this.#judge(hasBFrames);
    if (this.#unsafe !== null) return this.#encode(frame, nowMs);
    this.#held.push(frame);
    if (this.#reorder.verdict === 'unknown') return;
    for (const held of this.#held.splice(0)) this.#pass(held);
  }

  /** Sends what is needed to begin within the running group of pictures: a room that has just come has seen none of it. */
  sendGroupAgain(): void {
    if (this.#unsafe !== null || this.#reorder.verdict === 'unknown') return;
    for (const frame of this.#recent.groupOfPictures) this.#pass(frame);
  }

  /** The connection is over: the next one is judged anew, but a transcode goes on when it is needed again. */
  reset(): void {
    this.#config = null;
    this.#held = [];
  }

  async close(): Promise<void> {
    await this.#stop();
  }

  #configure(config: VideoConfig): void {
    this.#config = config;
    this.#parameterSets = config.codec === 'h264' ? parameterSetsOf(config) : [];
    this.#reorder = new ReorderWatch();
    this.#held = [];
    const verdict = judge(config);
    this.#judge(verdict.safe ? null : verdict);
    // The decoder of a running process knows the old parameter sets only.
    void this.#stop();
  }

  #judge(unsafe: Unsafe | null): void {
    this.#held = [];
    if (unsafe?.reason === this.#unsafe?.reason) return;
    this.#unsafe = unsafe;
    this.#options.onVerdict(unsafe);
    if (unsafe === null) void this.#stop();
  }

  #pass({ data, config, timeMs, compositionMs }: VideoFrame): void {
    // Nothing else is ever safe.
    if (config.codec !== 'h264') return;
    this.#options.send(splitNalUnits(data, config.lengthSize), this.#parameterSets, timeMs + compositionMs);
  }

  #encode(frame: VideoFrame, nowMs: number): void {
    const isWatched = this.#viewers > 0 || nowMs - this.#lastViewedMs < lingerMs;
    if (!isWatched) return void this.#stop();
    if (this.#transcode !== null) return this.#transcode.transcoder.push(frame);
    if (nowMs >= this.#retryAtMs) this.#start(frame.config, nowMs);
  }

  #start(config: VideoConfig, nowMs: number): void {
    const runUp = this.#recent.groupOfPictures;
    if (runUp.length === 0) return;
    this.#retryAtMs = nowMs + retryMs;
    const { admission, ffmpegPath, log, onCapacity, send } = this.#options;
    const reservation = admission.admit(transcodeCores(config));
    onCapacity(reservation === null);
    if (reservation === null) return;
    const transcoder = new PictureTranscoder({ ffmpegPath, log, runUp });
    this.#transcode = { transcoder, reservation };
    transcoder.on('picture', send);
    transcoder.once('ended', (detail) => {
      log.warn({ detail }, 'the transcode for WebRTC ended');
      if (this.#transcode?.transcoder === transcoder) this.#transcode = null;
      reservation.release();
    });
  }

  async #stop(): Promise<void> {
    const running = this.#transcode;
    this.#transcode = null;
    if (running === null) return;
    running.reservation.release();
    await running.transcoder.close();
  }
}
