import { readRtp } from '../faststart/rtpPacket.ts';
import { FrameTally, type FrameFigures } from './FrameTally.ts';
import { keyFrameOf, type PictureSize } from './keyFrame.ts';

export interface PictureFigures {
  /** Pictures a second since the last reading; null at the first one. */
  readonly frameRate: number | null;
  readonly width: number | null;
  readonly height: number | null;
  /** Between the newest two key frames, or since the newest when that is longer; null before the second. */
  readonly keyFrameIntervalMs: number | null;
  /** Since the last reading; null at the first one. */
  readonly frames: FrameFigures | null;
}

/** Of video over RTP, whatever the codec. */
const ticksPerMs = 90;

/** Counts what the packets of a video stream tell of its pictures. Pure: time comes in. */
export class PictureMeter {
  readonly #codec: string;
  readonly #tally = new FrameTally();
  #timestamp: number | null = null;
  #frames = 0;
  #readMs: number | null = null;
  #size: PictureSize | null = null;
  #key: { readonly timestamp: number; readonly atMs: number } | null = null;
  #intervalMs: number | null = null;

  /** @param codec MIME type, for example `video/H264`. */
  constructor(codec: string) {
    this.#codec = codec;
  }

  /** `nowMs`: when the packet came at the earliest. */
  add(bytes: Buffer, nowMs: number): void {
    const packet = readRtp(bytes);
    if (packet === null) return;
    this.#tally.add(packet, nowMs);
    const { timestamp, payload } = packet;
    if (this.#timestamp === null || isLater(timestamp, this.#timestamp)) {
      this.#timestamp = timestamp;
      this.#frames += 1;
    }
    const keyFrame = keyFrameOf(this.#codec, payload);
    if (keyFrame === null) return;
    this.#size = keyFrame.size ?? this.#size;
    if (this.#key !== null && !isLater(timestamp, this.#key.timestamp)) return;
    if (this.#key !== null) this.#intervalMs = ((timestamp - this.#key.timestamp) >>> 0) / ticksPerMs;
    this.#key = { timestamp, atMs: nowMs };
  }

  /** The figures of the time since the last reading. */
  read(nowMs: number): PictureFigures {
    const elapsedMs = this.#readMs === null ? 0 : nowMs - this.#readMs;
    const frameRate = elapsedMs > 0 ? (this.#frames * 1_000) / elapsedMs : null;
    const counted = this.#tally.read(nowMs);
    const frames = this.#readMs === null ? null : counted;
    this.#frames = 0;
    this.#readMs = nowMs;
    const { width = null, height = null } = this.#size ?? {};
    return { frameRate, width, height, keyFrameIntervalMs: this.#intervalAt(nowMs), frames };
  }

  #intervalAt(nowMs: number): number | null {
    if (this.#intervalMs === null || this.#key === null) return null;
    return Math.round(Math.max(this.#intervalMs, nowMs - this.#key.atMs));
  }
}

/** RTP timestamps wrap; less than half of their range ahead is later. */
function isLater(timestamp: number, than: number): boolean {
  const ahead = (timestamp - than) >>> 0;
  return ahead > 0 && ahead < 2 ** 31;
}
