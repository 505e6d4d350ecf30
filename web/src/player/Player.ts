import { startPlayback } from './autoplay.ts';
import { audioQuality, autoQuality } from './engine.ts';
import type { EngineEvents, EngineState, PlaybackEngine, StartPoint } from './engine.ts';
import { createEngine } from './createEngine.ts';
import type { EngineMemory } from './createEngine.ts';
import { EndWatch } from './EndWatch.ts';
import { LiveController } from './LiveController.ts';
import { loadPreferences, savePreferences } from './preferences.ts';
import type { RecoveryAction } from './recovery.ts';
import { RecoveryLoop } from './RecoveryLoop.ts';
import { emptyEngineState, phaseOf, snapshotOf } from './snapshot.ts';
import type { PlayerSnapshot } from './snapshot.ts';
import { bufferedEnd, clampPosition } from './timeline.ts';
import { VideoMonitor } from './VideoMonitor.ts';
import type { MonitorReport } from './VideoMonitor.ts';

export interface PlayerOptions {
  readonly lowLatency: boolean;
  readonly forceNative: boolean;
}

const tickMs = 250;
/** A recording of which nothing came for so long, without a fault to show for it, is asked for again. */
const starvedAfterMs = 15_000;

/**
 * Plays a session in one video element: opens engines, recovers from faults, follows the live edge, and goes
 * over to the recording when the broadcast has ended. React sees it through `subscribe` and `snapshot`.
 */
export class Player {
  readonly video: HTMLVideoElement;
  private readonly options: PlayerOptions;
  private readonly live = new LiveController();
  private readonly end = new EndWatch();
  private readonly recovery: RecoveryLoop;
  private readonly monitor: VideoMonitor;
  private readonly subscribers = new Set<() => void>();
  private readonly timer: ReturnType<typeof setInterval>;
  private readonly memory: EngineMemory = { quality: autoQuality, audioUrl: null, qualities: [] };
  private engine: PlaybackEngine | null = null;
  private url = '';
  private opening = 0;
  private openedLive = true;
  private wantsToPlay = true;
  private blocked = false;
  private mutedByPolicy = false;
  private current: PlayerSnapshot;

  constructor(video: HTMLVideoElement, options: PlayerOptions) {
    this.video = video;
    this.options = options;
    this.recovery = new RecoveryLoop((action) => this.recover(action));
    this.monitor = new VideoMonitor(video, {
      changed: () => this.publish(),
      stalled: () => this.live.stalled(this.engineState(), performance.now()),
    });
    video.volume = loadPreferences().volume;
    this.current = this.makeSnapshot();
    this.timer = setInterval(() => this.tick(), tickMs);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.subscribers.add(listener);
    return () => this.subscribers.delete(listener);
  };
  readonly snapshot = (): PlayerSnapshot => this.current;

  open(url: string, start: StartPoint): void {
    this.url = url;
    this.wantsToPlay = true;
    this.openedLive = start === 'live';
    this.live.follow(this.openedLive);
    this.recovery.reset();
    this.start(start);
  }

  close(): void {
    clearInterval(this.timer);
    this.opening += 1;
    this.recovery.reset();
    this.rememberBandwidth();
    this.engine?.close();
    this.engine = null;
    this.monitor.close();
    this.subscribers.clear();
  }

  /** The broadcast is over; the same URL now gives (or will soon give) the recording. */
  broadcastEnded(): void {
    this.end.broadcastEnded(performance.now());
  }

  play(): void {
    const state = this.engineState();
    if (this.end.reached) return this.replay();
    this.wantsToPlay = true;
    this.blocked = false;
    this.live.resumedAt(state, this.video.currentTime);
    void this.startVideo();
  }

  pause(): void {
    this.wantsToPlay = false;
    this.video.pause();
    this.publish();
  }

  togglePlay(): void {
    if (this.video.paused || this.end.reached) this.play();
    else this.pause();
  }

  /** Plays the recording from its beginning; the live playlist may have reached back less far. */
  replay(): void {
    this.open(this.url, 'start');
  }

  seek(sec: number): void {
    const state = this.engineState();
    if (state.live === null) return;
    const target = clampPosition(this.current.timeline, sec, state.liveSyncSec);
    this.live.positionChosen(state, target);
    this.end.restart();
    this.video.currentTime = target;
    this.publish();
  }

  seekToFraction(share: number): void {
    const { startSec, endSec } = this.current.timeline;
    this.seek(startSec + (endSec - startSec) * share);
  }

  goLive(): void {
    const { liveSyncSec, windowEndSec } = this.engineState();
    this.seek(liveSyncSec ?? windowEndSec);
    this.live.follow(liveSyncSec !== null);
    if (this.video.paused) this.play();
  }

  setVolume(volume: number): void {
    this.video.volume = Math.min(1, Math.max(0, volume));
    if (this.video.volume > 0) this.setMuted(false);
    savePreferences({ volume: this.video.volume });
  }

  setMuted(muted: boolean): void {
    this.video.muted = muted;
    this.mutedByPolicy = false;
    this.publish();
  }

  selectQuality(id: string): void {
    const audioChanges = (this.memory.quality === audioQuality) !== (id === audioQuality);
    this.memory.quality = id;
    if (audioChanges) this.start(this.resumePoint());
    else this.engine?.selectQuality(id);
    this.publish();
  }

  retry(): void {
    this.recovery.retryNow();
  }

  engineState(): EngineState {
    return this.engine ? this.live.adjusted(this.engine.state()) : emptyEngineState;
  }

  /** Figures for measurements; see debug.ts. */
  report(): MonitorReport & {
    engine: string | null;
    jumps: number;
    faults: number;
    lastFault: string | null;
  } {
    return {
      ...this.monitor.report(),
      engine: this.engine?.name ?? null,
      jumps: this.live.jumpCount,
      faults: this.recovery.totalFaults,
      lastFault: this.recovery.fault?.detail ?? null,
    };
  }

  /** Replaces the engine, keeping the element and what the viewer chose. */
  private start(start: StartPoint): void {
    const opening = ++this.opening;
    this.rememberBandwidth();
    const state = this.engine?.state();
    if (state && state.qualities.length > 0) this.memory.qualities = state.qualities;
    this.memory.audioUrl = state?.audioUrl ?? this.memory.audioUrl;
    this.engine?.close();
    this.engine = null;
    this.live.engineChanged();
    this.end.restart();
    const events: EngineEvents = {
      changed: () => this.publish(),
      failed: (fault) => {
        if (opening !== this.opening) return;
        this.recovery.failed(fault);
        this.publish();
      },
    };
    // A recording that has just ended still lists parts; whole segments are all that it takes.
    const lowLatency = this.options.lowLatency && this.openedLive;
    void createEngine(this.video, { ...this.options, lowLatency }, this.memory, events).then(
      (engine) => {
        if (opening !== this.opening) return engine?.close();
        if (!engine) return events.failed({ kind: 'unsupported', detail: 'noEngine', httpStatus: null });
        this.engine = engine;
        engine.open(this.url, start);
        if (this.wantsToPlay) void this.startVideo();
        this.publish();
      },
      () => events.failed({ kind: 'network', detail: 'engineNotLoaded', httpStatus: null }),
    );
  }

  private async startVideo(): Promise<void> {
    const result = await startPlayback(this.video);
    if (result === 'muted') this.mutedByPolicy = true;
    if (result === 'blocked') this.blocked = true;
    this.publish();
  }

  private recover(action: RecoveryAction): void {
    if (action === 'reopen' || !this.engine) this.start(this.resumePoint());
    else if (action === 'resume') this.engine.resume();
    else this.engine.recoverMedia();
    if (this.wantsToPlay && this.video.paused) void this.startVideo();
  }

  private resumePoint(): StartPoint {
    const { dateMs, live } = this.engineState();
    if (this.live.following && live !== false && !this.end.broadcastOver) return 'live';
    if (dateMs !== null) return { dateMs };
    return { positionSec: this.video.currentTime };
  }

  private tick(): void {
    const nowMs = performance.now();
    const state = this.engineState();
    if (this.monitor.tick(nowMs)) this.recovery.progressed(nowMs);
    this.followLive(nowMs);
    this.checkStarved(state, nowMs);
    this.checkEnd(state, nowMs);
    this.publish();
  }

  private followLive(nowMs: number): void {
    // The browser's own engine sets its pace itself.
    if (this.engine?.name !== 'hls.js') return;
    const { video } = this;
    const facts = {
      state: this.engine.state(),
      positionSec: video.currentTime,
      playing: this.isPlaying(),
      bufferedAheadSec: this.bufferedAheadSec(),
      playbackRate: video.playbackRate,
      motionlessMs: this.monitor.motionlessMs(nowMs),
      awaited: this.goesOn() && this.recovery.idle,
      attempts: this.recovery.attempts,
    };
    const { seekToSec, rate, stuck } = this.live.tick(facts, nowMs);
    if (seekToSec !== null) video.currentTime = seekToSec;
    if (rate !== video.playbackRate) video.playbackRate = rate;
    if (stuck !== null) this.recovery.failed(stuck);
  }

  private checkStarved(state: EngineState, nowMs: number): void {
    const starved = state.live === false && this.monitor.starvedMs(nowMs) > starvedAfterMs;
    const wanted = !this.video.paused && !this.end.reached && !this.recovery.recovering;
    if (!starved || !wanted) return;
    this.recovery.failed({ kind: 'network', detail: 'starved', httpStatus: null });
  }

  private isPlaying(): boolean {
    return this.goesOn() && !this.recovery.recovering;
  }

  /** Something was shown and shall go on. */
  private goesOn(): boolean {
    return !this.video.paused && !this.end.reached && this.monitor.shown;
  }

  private checkEnd(state: EngineState, nowMs: number): void {
    if (!this.engine) return;
    const { video } = this;
    const facts = {
      live: state.live ?? this.openedLive,
      known: state.live !== null,
      positionSec: video.currentTime,
      windowEndSec: state.windowEndSec,
      seeking: video.seeking,
      ended: video.ended,
      motionlessMs: this.monitor.motionlessMs(nowMs),
      bufferedAheadSec: this.bufferedAheadSec(),
    };
    if (!this.end.tick(facts, nowMs)) return;
    this.openedLive = false;
    this.start(this.resumePoint());
  }

  private bufferedAheadSec(): number {
    return bufferedEnd(this.monitor.bufferedRanges(), this.video.currentTime) - this.video.currentTime;
  }

  private rememberBandwidth(): void {
    const bandwidthBps = this.engine?.state().bandwidthBps;
    if (bandwidthBps && this.monitor.shown) savePreferences({ bandwidthBps });
  }

  private publish(): void {
    this.current = this.makeSnapshot();
    for (const listener of this.subscribers) listener();
  }

  private makeSnapshot(): PlayerSnapshot {
    const { video, monitor, recovery } = this;
    const buffered = monitor.bufferedRanges();
    const state = this.engineState();
    const phase = phaseOf({
      unsupported: recovery.fault?.kind === 'unsupported',
      recovering: recovery.recovering,
      blocked: this.blocked,
      ended: this.end.reached,
      shown: monitor.shown,
      paused: video.paused,
      waiting: monitor.waiting || this.live.holding || state.live === null,
    });
    return snapshotOf(
      state,
      { positionSec: video.currentTime, buffered, volume: video.volume, muted: video.muted },
      {
        phase,
        openedLive: this.openedLive && !this.end.broadcastOver,
        following: this.live.following,
        quality: this.memory.quality,
        qualities: this.memory.qualities,
        mutedByPolicy: this.mutedByPolicy,
        attempts: recovery.attempts,
      },
      Date.now(),
    );
  }
}
