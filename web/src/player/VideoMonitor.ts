import type { TimeRange } from './timeline.ts';

export interface MonitorReport {
  /** Milliseconds from the page's navigation to the first picture (or sound, without picture); null before. */
  readonly firstFrameMs: number | null;
  /** Times that playback ran out of media after it had begun. */
  readonly stalls: number;
  readonly stalledMs: number;
  readonly droppedFrames: number;
  readonly totalFrames: number;
}

interface MonitorEvents {
  changed(): void;
  stalled(): void;
}

/** Playback that stands still for this long is waiting, whatever the browser says. */
const silentStallMs = 1_000;

/** Watches a video element: first picture, movement, stalls. */
export class VideoMonitor {
  private readonly video: HTMLVideoElement;
  private readonly events: MonitorEvents;
  private readonly listeners = new AbortController();
  private firstFrameMs: number | null = null;
  private stalls = 0;
  private stalledMs = 0;
  private waitingSinceMs: number | null = null;
  private waitingAtSec = 0;
  private lastPositionSec = 0;
  private lastBufferedSec = 0;
  private fedAtMs = performance.now();
  private movedAtMs = performance.now();

  constructor(video: HTMLVideoElement, events: MonitorEvents) {
    this.video = video;
    this.events = events;
    const { signal } = this.listeners;
    const changed = ['play', 'pause', 'ended', 'seeking', 'volumechange', 'loadedmetadata'];
    for (const name of changed) video.addEventListener(name, () => events.changed(), { signal });
    video.addEventListener('waiting', () => this.onWaiting(), { signal });
    for (const name of ['playing', 'seeked', 'emptied']) {
      video.addEventListener(name, () => this.onMoving(), { signal });
    }
    if ('requestVideoFrameCallback' in video)
      video.requestVideoFrameCallback((nowMs) => this.onFirstFrame(nowMs));
  }

  /** Something was shown (or heard) since the page opened. */
  get shown(): boolean {
    return this.firstFrameMs !== null;
  }

  get waiting(): boolean {
    return this.waitingSinceMs !== null;
  }

  /** True when playback moved since the last tick. */
  tick(nowMs: number): boolean {
    const sec = this.video.currentTime;
    const bufferedSec = this.bufferedRanges().reduce((sum, range) => sum + range.endSec - range.startSec, 0);
    if (bufferedSec !== this.lastBufferedSec) this.fedAtMs = nowMs;
    this.lastBufferedSec = bufferedSec;
    const moved = sec !== this.lastPositionSec && !this.video.seeking && !this.video.paused;
    this.lastPositionSec = sec;
    if (!moved) {
      // Not every browser says that it waits.
      if (this.shown && this.motionlessMs(nowMs) > silentStallMs && !this.video.ended) this.onWaiting();
      return false;
    }
    this.movedAtMs = nowMs;
    // Audio alone has no frames to wait for.
    if (this.video.videoWidth === 0 && this.video.readyState >= 2) this.onFirstFrame(nowMs);
    // The last steps before a stall may be seen only after it was told.
    if (this.waiting && sec - this.waitingAtSec > 0.1) this.onMoving();
    return this.shown && !this.waiting;
  }

  motionlessMs(nowMs: number): number {
    return this.video.paused ? 0 : nowMs - this.movedAtMs;
  }

  /** Time since playback moved or anything was loaded. */
  starvedMs(nowMs: number): number {
    return Math.min(this.motionlessMs(nowMs), nowMs - this.fedAtMs);
  }

  bufferedRanges(): TimeRange[] {
    const { buffered } = this.video;
    return Array.from({ length: buffered.length }, (_, i) => ({
      startSec: buffered.start(i),
      endSec: buffered.end(i),
    }));
  }

  report(): MonitorReport {
    const quality = this.video.getVideoPlaybackQuality();
    return {
      firstFrameMs: this.firstFrameMs,
      stalls: this.stalls,
      stalledMs:
        this.stalledMs + (this.waitingSinceMs === null ? 0 : performance.now() - this.waitingSinceMs),
      droppedFrames: quality.droppedVideoFrames,
      totalFrames: quality.totalVideoFrames,
    };
  }

  close(): void {
    this.listeners.abort();
  }

  private onFirstFrame(nowMs: number): void {
    if (this.firstFrameMs !== null) return;
    this.firstFrameMs = nowMs;
    this.events.changed();
  }

  private onWaiting(): void {
    if (this.waitingSinceMs !== null) return;
    this.waitingSinceMs = performance.now();
    this.waitingAtSec = this.video.currentTime;
    if (this.shown && !this.video.seeking) {
      this.stalls += 1;
      this.events.stalled();
    }
    this.events.changed();
  }

  private onMoving(): void {
    if (this.waitingSinceMs !== null && this.shown) this.stalledMs += performance.now() - this.waitingSinceMs;
    this.waitingSinceMs = null;
    this.events.changed();
  }
}
