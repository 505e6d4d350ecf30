import type { StreamMetadata } from './flv/metadata.ts';
import type { SoundFrame, VideoFrame } from './frames.ts';

/** Frame intervals that tell the cadence. */
const enoughIntervals = 12;
const analysisMs = 700;
/** Without an announcement the other track gets this long to show up. */
const unannouncedMs = 1500;
/** Announced tracks are waited for this long. */
const announcedMs = 3000;
const hopelessMs = 10_000;
const maxBytes = 32 * 1024 * 1024;

export interface ProbeState {
  readonly metadata: StreamMetadata | null;
  /** Measured frame intervals. */
  readonly intervals: number;
  readonly videoUnusable: boolean;
  readonly audioUnusable: boolean;
}

/** Collects what comes first, until it is known which tracks there are and how they run. Pure. */
export class SourceProbe {
  private readonly collected: (VideoFrame | SoundFrame)[] = [];
  private bytes = 0;
  private firstArrivalMs: number | null = null;
  private firstFrameArrivalMs: number | null = null;
  private lastArrivalMs = 0;
  private hasKey = false;
  private hasVideo = false;
  private firstSoundMs: number | null = null;
  private mediaMs: { first: number; last: number } | null = null;

  /** Called before the tag's frame is given; any tag counts for the waiting, also those that aren't frames. */
  arrived(arrivalMs: number): void {
    this.firstArrivalMs ??= arrivalMs;
    this.lastArrivalMs = arrivalMs;
  }

  video(frame: VideoFrame): void {
    this.hasVideo = true;
    this.firstFrameArrivalMs ??= this.lastArrivalMs;
    this.hasKey ||= frame.key;
    // Pictures before the first key frame can't be decoded.
    if (this.hasKey) this.collect(frame);
  }

  sound(frame: SoundFrame): void {
    this.firstSoundMs ??= frame.timeMs;
    this.firstFrameArrivalMs ??= this.lastArrivalMs;
    this.collect(frame);
  }

  private collect(frame: VideoFrame | SoundFrame): void {
    this.collected.push(frame);
    this.bytes += frame.data.length;
    const first = Math.min(this.mediaMs?.first ?? frame.timeMs, frame.timeMs);
    this.mediaMs = { first, last: Math.max(this.mediaMs?.last ?? frame.timeMs, frame.timeMs) };
  }

  get hasPicture(): boolean {
    return this.hasKey;
  }

  get frames(): readonly (VideoFrame | SoundFrame)[] {
    return this.collected;
  }

  /** `hopeless`: nothing that can be played in a long time. */
  judge(state: ProbeState): 'wait' | 'ready' | 'hopeless' {
    const sound = this.firstSoundMs !== null;
    const waited = this.waitedMs;
    const videoKnown = state.videoUnusable || (this.hasKey && state.intervals >= enoughIntervals);
    const audioKnown = state.audioUnusable || sound;
    if (videoKnown && audioKnown && (this.hasKey || sound)) return 'ready';
    const patience = this.patienceMs(state, videoKnown, audioKnown);
    // A video track that runs without a key frame so far is worth waiting for.
    const playable = this.hasKey || (sound && !(this.hasVideo && waited < hopelessMs));
    if (waited >= patience && playable) return 'ready';
    if (this.bytes > maxBytes) return playable ? 'ready' : 'hopeless';
    const silentMs = this.lastArrivalMs - (this.firstArrivalMs ?? this.lastArrivalMs);
    return Math.max(waited, silentMs) >= hopelessMs ? 'hopeless' : 'wait';
  }

  /** Since the first frame, by the wall clock or by the frames' own times: a relay may send a lot at once. */
  private get waitedMs(): number {
    const byArrival = this.lastArrivalMs - (this.firstFrameArrivalMs ?? this.lastArrivalMs);
    const byMedia = this.mediaMs === null ? 0 : this.mediaMs.last - this.mediaMs.first;
    return Math.max(byArrival, byMedia);
  }

  private patienceMs(state: ProbeState, videoKnown: boolean, audioKnown: boolean): number {
    if (state.metadata === null) return unannouncedMs;
    const missesVideo = !videoKnown && (state.metadata.announcesVideo || this.hasVideo);
    const missesAudio = !audioKnown && state.metadata.announcesAudio;
    return missesVideo || missesAudio ? announcedMs : analysisMs;
  }
}
