import { autoQuality } from './engine.ts';
import type { EngineEvents, EngineState, PlaybackEngine, StartPoint } from './engine.ts';

/** Apple's getStartDate: the wall clock of the timeline's zero, from EXT-X-PROGRAM-DATE-TIME. */
type DatedVideo = HTMLVideoElement & { getStartDate?: () => Date };

/** Plays with the browser's own HLS (iPhones before iOS 17.1); it chooses the rendition and the latency itself. */
export class NativeEngine implements PlaybackEngine {
  readonly name = 'native';
  private readonly video: DatedVideo;
  private readonly events: EngineEvents;
  private readonly listeners = new AbortController();
  private pending: StartPoint | null = null;

  static isSupported(video: HTMLVideoElement): boolean {
    return video.canPlayType('application/vnd.apple.mpegurl') !== '';
  }

  constructor(video: HTMLVideoElement, events: EngineEvents) {
    this.video = video;
    this.events = events;
    const { signal } = this.listeners;
    video.addEventListener('loadedmetadata', () => this.onMetadata(), { signal });
    video.addEventListener('durationchange', () => events.changed(), { signal });
    video.addEventListener('error', () => this.onError(), { signal });
  }

  open(url: string, start: StartPoint): void {
    this.pending = start;
    this.video.src = url;
    this.video.load();
  }

  state(): EngineState {
    const { video } = this;
    const ranges = video.seekable;
    const known = video.readyState > 0 && ranges.length > 0;
    const live = known ? video.duration === Infinity : null;
    const endSec = known ? ranges.end(ranges.length - 1) : 0;
    return {
      live,
      windowStartSec: known ? ranges.start(0) : 0,
      windowEndSec: endSec,
      // The browser keeps its own hold back inside the seekable range.
      liveSyncSec: live ? endSec : null,
      edgeLatencySec: live ? Math.max(0, endSec - video.currentTime) : null,
      targetLatencySec: null,
      targetDurationSec: 2,
      dateMs: this.startDateMs() === null ? null : (this.startDateMs() ?? 0) + video.currentTime * 1000,
      qualities: [],
      selectedQuality: autoQuality,
      activeQuality: video.videoHeight > 0 ? `${Math.min(video.videoWidth, video.videoHeight)}p` : null,
      audioOnly: known && video.videoWidth === 0,
      audioUrl: null,
      bandwidthBps: null,
      silentMs: null,
    };
  }

  resume(): void {
    const dateMs = this.state().dateMs;
    this.pending = dateMs === null ? 'live' : { dateMs };
    this.video.load();
  }

  recoverMedia(): void {
    this.resume();
  }

  selectQuality(): void {
    // The browser decides.
  }

  close(): void {
    this.listeners.abort();
    this.video.removeAttribute('src');
    this.video.load();
  }

  private startDateMs(): number | null {
    const ms = this.video.getStartDate?.().getTime();
    return ms === undefined || Number.isNaN(ms) ? null : ms;
  }

  private onMetadata(): void {
    const start = this.pending;
    this.pending = null;
    if (start === 'start') this.video.currentTime = this.state().windowStartSec;
    else if (typeof start === 'object' && start !== null) this.seekTo(start);
    this.events.changed();
  }

  private seekTo(start: Exclude<StartPoint, string>): void {
    const startDateMs = this.startDateMs();
    if ('positionSec' in start) this.video.currentTime = start.positionSec;
    else if (startDateMs !== null) this.video.currentTime = Math.max(0, (start.dateMs - startDateMs) / 1000);
  }

  private onError(): void {
    const code = this.video.error?.code;
    // MEDIA_ERR_SRC_NOT_SUPPORTED is also what a 404 or 503 of the playlist becomes.
    const kind = code === MediaError.MEDIA_ERR_DECODE ? 'media' : 'network';
    this.events.failed({ kind, detail: this.video.error?.message ?? 'unknown', httpStatus: null });
  }
}
