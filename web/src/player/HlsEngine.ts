import Hls, { ErrorDetails, ErrorTypes, Events } from 'hls.js';
import type { ErrorData, Level, LevelDetails } from 'hls.js';
import { positionOfDate } from './dates.ts';
import { audioQuality, autoQuality } from './engine.ts';
import type { EngineEvents, EngineState, Fault, PlaybackEngine, Quality, StartPoint } from './engine.ts';
import { FirstSegmentLoader } from './FirstSegmentLoader.ts';
import { hlsConfig } from './hlsConfig.ts';
import type { HlsOptions } from './hlsConfig.ts';
import { qualitiesOf } from './qualities.ts';

export interface HlsEngineOptions extends HlsOptions {
  /** Quality to begin with; one that isn't there means auto. */
  readonly quality: string;
  /** Known from an earlier engine: lets audio-only playback begin without the multivariant playlist's levels. */
  readonly audioUrl: string | null;
  readonly qualities: readonly Quality[];
}

/** Plays through Media Source Extensions with hls.js. */
export class HlsEngine implements PlaybackEngine {
  readonly name = 'hls.js';
  private readonly hls: Hls;
  private readonly video: HTMLVideoElement;
  private readonly options: HlsEngineOptions;
  private readonly events: EngineEvents;
  private readonly audioChosen: boolean;
  private qualities: readonly Quality[];
  private pendingDateMs: number | null = null;
  private audioWasLive = false;
  private readAtMs = performance.now();

  static isSupported(): boolean {
    return Hls.isSupported();
  }

  constructor(video: HTMLVideoElement, options: HlsEngineOptions, events: EngineEvents) {
    this.video = video;
    this.options = options;
    this.events = events;
    this.qualities = options.qualities;
    this.audioChosen = options.quality === audioQuality && options.audioUrl !== null;
    this.hls = new Hls({ ...hlsConfig(options), loader: FirstSegmentLoader });
    this.listen();
  }

  open(url: string, start: StartPoint): void {
    if (start === 'start') this.hls.config.startPosition = 0;
    else if (start !== 'live' && 'positionSec' in start) this.hls.config.startPosition = start.positionSec;
    else if (start !== 'live') this.pendingDateMs = start.dateMs;
    this.hls.attachMedia(this.video);
    this.hls.loadSource(this.audioChosen && this.options.audioUrl ? this.options.audioUrl : url);
  }

  state(): EngineState {
    const details = this.hls.latestLevelDetails;
    const live = details?.live ?? null;
    return {
      live,
      windowStartSec: details?.fragmentStart ?? 0,
      windowEndSec: details?.edge ?? 0,
      liveSyncSec: live ? this.hls.liveSyncPosition : null,
      edgeLatencySec: live && this.hls.latency > 0 ? this.hls.latency : null,
      targetLatencySec: live ? this.hls.targetLatency : null,
      targetDurationSec: details?.targetduration ?? 0,
      dateMs: this.hls.playingDate?.getTime() ?? null,
      bandwidthBps: Number.isFinite(this.hls.bandwidthEstimate)
        ? Math.round(this.hls.bandwidthEstimate)
        : null,
      silentMs: live === false ? null : performance.now() - this.readAtMs,
      ...this.qualityState(),
    };
  }

  resume(): void {
    const { url } = this.hls;
    this.readAtMs = performance.now();
    if (this.hls.levels.length === 0 && url) return this.hls.loadSource(url);
    // Without a position hls.js goes on from the playhead, or from the live edge when nothing was played yet.
    this.hls.startLoad(this.video.readyState > 0 ? this.video.currentTime : -1);
  }

  recoverMedia(): void {
    this.hls.recoverMediaError();
  }

  selectQuality(id: string): void {
    const index = this.qualities.findIndex((quality) => quality.id === id);
    // The next fragments change, and what is buffered further ahead is replaced; the picture doesn't stop.
    this.hls.nextLevel = index;
    this.events.changed();
  }

  close(): void {
    this.hls.destroy();
  }

  private qualityState() {
    const levels = this.hls.levels;
    const hasPicture = levels.some((level) => isVideo(level));
    const manual = this.hls.autoLevelEnabled ? undefined : this.qualities[this.hls.loadLevel];
    const shown = this.hls.currentLevel;
    const active = shown < 0 ? null : this.audioChosen ? audioQuality : (this.qualities[shown]?.id ?? null);
    return {
      qualities: this.qualities,
      selectedQuality: this.audioChosen ? audioQuality : (manual?.id ?? autoQuality),
      activeQuality: active,
      audioOnly: this.audioChosen || (levels.length > 0 && !hasPicture),
      audioUrl: this.audioChosen
        ? this.options.audioUrl
        : (hasPicture && this.hls.audioTracks[0]?.url) || null,
    };
  }

  private listen(): void {
    const { hls, events } = this;
    hls.on(Events.MANIFEST_PARSED, (_event, { levels }) => this.onLevels(levels));
    hls.on(Events.LEVELS_UPDATED, (_event, { levels }) => this.onLevels(levels));
    // Sent for each reading of a media playlist, after the fragments have their positions.
    hls.on(Events.LEVEL_UPDATED, (_event, { details }) => this.onPlaylist(details));
    hls.on(Events.AUDIO_TRACK_UPDATED, (_event, { details }) => this.onAudioPlaylist(details.live));
    hls.on(Events.LEVEL_SWITCHED, () => events.changed());
    hls.on(Events.ERROR, (_event, data) => this.onError(data));
  }

  private onLevels(levels: Level[]): void {
    if (this.audioChosen) return;
    this.qualities = levels.some(isVideo) ? qualitiesOf(levels) : [];
    const index = this.qualities.findIndex((quality) => quality.id === this.options.quality);
    if (index >= 0 && this.hls.currentLevel === -1) this.hls.loadLevel = index;
    this.events.changed();
  }

  private onPlaylist(details: LevelDetails): void {
    this.readAtMs = performance.now();
    if (this.pendingDateMs !== null) this.startAtDate(details, this.pendingDateMs);
    this.events.changed();
  }

  /**
   * When the playlist update that ends a broadcast also brings its last part, hls.js 1.7.4 doesn't load that part of
   * the audio and then waits for it for ever. Loading again from the playhead finds it.
   */
  private onAudioPlaylist(live: boolean): void {
    if (this.audioWasLive && !live) this.hls.startLoad(this.video.currentTime);
    this.audioWasLive = live;
  }

  /** Dates have no positions before a playlist is read, so loading restarts at the position once it is. */
  private startAtDate(details: LevelDetails, dateMs: number): void {
    this.pendingDateMs = null;
    const position = positionOfDate(details.fragments, dateMs);
    const beyond = details.live && position !== null && position >= (this.hls.liveSyncPosition ?? Infinity);
    if (position === null || beyond) return;
    this.hls.stopLoad();
    this.hls.startLoad(Math.max(details.fragmentStart, Math.min(position, details.edge - 0.5)));
  }

  private onError(data: ErrorData): void {
    if (data.fatal) this.events.failed(faultOf(data));
    else this.events.changed();
  }
}

const isVideo = (level: Level): boolean => Boolean(level.videoCodec) || level.height > 0;

const unsupportedDetails: readonly string[] = [
  ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR,
  ErrorDetails.BUFFER_INCOMPATIBLE_CODECS_ERROR,
];

function faultOf(data: ErrorData): Fault {
  const httpStatus = data.response?.code ?? null;
  if (unsupportedDetails.includes(data.details))
    return { kind: 'unsupported', detail: data.details, httpStatus };
  const kind = data.type === ErrorTypes.NETWORK_ERROR ? 'network' : 'media';
  return { kind, detail: data.details, httpStatus };
}
