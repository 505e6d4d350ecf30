import { EventEmitter } from 'node:events';
import type { Logger } from '@maydan/common';
import type { CoreBudget } from '../ladder/CoreBudget.ts';
import type { Rendition } from '../live/events.ts';
import type { Warning } from './conditioned.ts';
import type {
  EndedLeg,
  PlannedLeg,
  SourceEnd,
  SourceEndReason,
  SourceHealth,
  TimelinePoint,
} from './events.ts';
import type { FlvTag } from './flv/FlvParser.ts';
import { frameWarnings } from './frameWarnings.ts';
import { HealthBoard } from './HealthBoard.ts';
import { LegPipeline } from './LegPipeline.ts';
import { Pressure } from './Pressure.ts';
import { RelayReader } from './RelayReader.ts';
import type { SourceConditions } from './SourceConditions.ts';

export type * from './events.ts';
export type { LegEndReason } from './conditioned.ts';

export interface LiveSourceOptions {
  /** HTTP-FLV address of the relay. */
  readonly relayUrl: string;
  /** Gives a fresh relay token; called once per `start`. */
  readonly mintToken: () => string | Promise<string>;
  readonly ffmpegPath: string;
  /** What each leg may cost; decides which renditions a new session gets, their sizes and the encoders' threads. */
  readonly cores: CoreBudget;
  /** Null on the first connection of a session; else the session's fixed renditions (from `playback.started`). */
  readonly renditions: readonly Rendition[] | null;
  /**
   * Null on the first connection: media time begins at 10 s, so that decode times before presentation times stay
   * positive. Else the end of what was packaged so far; the first leg begins at or after it, in both clocks.
   */
  readonly timeline: TimelinePoint | null;
  /** Pictures are left out, and the publisher is told so. Default false. */
  readonly audioOnly?: boolean;
  readonly log: Logger;
  /** Folder for the encoder's sockets, a short path; default the system's temporary folder. */
  readonly socketRoot?: string;
  /** No byte for this long means `stalled`; default 5 s. */
  readonly stallMs?: number;
}

export interface LiveSourceEvents {
  planned: [leg: PlannedLeg];
  data: [renditionId: string, bytes: Uint8Array];
  legEnded: [leg: EndedLeg];
  health: [health: SourceHealth];
  ended: [end: SourceEnd];
}

const healthIntervalMs = 2000;

/**
 * One connection of a publisher (one epoch), from the relay's HTTP-FLV to fragmented MP4 per rendition.
 * Owns the RelayReader, the FlvConditioner and one LegEncoder (ffmpeg) per leg. Single use: make a new one for
 * each connection.
 *
 * ```ts
 * const source = new LiveSource({ relayUrl, mintToken, ffmpegPath, cores, renditions: null, timeline: null, log });
 * source.on('planned', (leg) => …);           // Packager: playback.started on the very first, then leg.started
 * source.on('data', (rendition, bytes) => …); // feed the rendition's FragmentReader (a new reader per leg)
 * source.on('legEnded', (leg) => …);          // finish the FragmentReaders, Packager.endLeg()
 * source.on('health', (health) => …);
 * source.on('ended', (end) => …);             // reconnect (new LiveSource with `renditions` and `timeline`) or stop
 * source.start();
 * ```
 *
 * Order guaranteed: (`planned` → `data`… → `legEnded`)* → `ended`; legs never overlap in events; `ended` comes
 * exactly once, also after `stop()` and `close()`, and nothing follows it. No event comes before `start()` returns.
 *
 * Bytes of each rendition and leg are one complete fragmented MP4: `ftyp moov (moof mdat)…`, one frame per
 * fragment, video in a time scale of 90000, audio 48000. `baseMediaDecodeTime` is the absolute media time
 * (no edit lists). Renditions are aligned by *presentation* time: a copied rendition with B-frames has decode
 * times earlier than presentation times, an encoded one has them equal. Key frames of all video renditions of a leg
 * have the same presentation times within a millisecond (the key frames of a copied rendition are the reference; an
 * encoder adds none of its own). No sample of a leg is presented before the leg's `mediaTimeSec`, none after the
 * `timeline` of its `legEnded`. Sound begins up to 30 ms before the first picture (the encoder's priming) and may
 * end up to about 150 ms before or after the last one. After `encoderFailed` and `encoderTooSlow`
 * the end of a leg may be missing.
 */
export class LiveSource extends EventEmitter<LiveSourceEvents> {
  private readonly options: LiveSourceOptions;
  private readonly reader: RelayReader;
  private readonly pipeline: LegPipeline;
  private readonly board = new HealthBoard();
  private readonly pressure = new Pressure(clockMs());
  private healthTimer: NodeJS.Timeout | null = null;
  private waiting: FlvTag[] = [];
  private bytesSinceHealth = 0;
  private lastHealthMs = 0;
  /** Since when the reader has waited for the encoder; null while it doesn't. */
  private pausedMs: number | null = null;
  private inputBitrateBps = 0;
  private speed: number | null = null;
  private finishing: Promise<void> | null = null;

  constructor(options: LiveSourceOptions) {
    super();
    this.options = options;
    this.reader = new RelayReader(options);
    this.pipeline = new LegPipeline(options);
    this.reader.on('tags', (tags, byteLength) => this.receive(tags, byteLength));
    this.reader.on('ended', ({ reason, detail }) => this.finish(reason, detail));
    this.pipeline.on('planned', (leg) => this.emit('planned', leg));
    this.pipeline.on('data', (id, bytes) => this.emit('data', id, bytes));
    this.pipeline.on('legEnded', (leg) => this.emit('legEnded', leg));
    this.pipeline.on('drain', () => this.goOn());
    this.pipeline.on('speed', (speed) => (this.speed = speed));
    this.pipeline.on('warning', (warning) => this.warn(warning));
    this.pipeline.on('failed', (reason, detail) => this.finish(reason, detail));
  }

  /** Begins to pull; failures are told by `ended`, never thrown. */
  start(): void {
    this.lastHealthMs = clockMs();
    this.healthTimer = setInterval(() => this.measure(), healthIntervalMs);
    this.reader.start();
  }

  /** Stops reading, lets the encoder finish what it has (a second or less), then `ended('stopped')`. */
  async stop(): Promise<void> {
    this.finish('stopped', 'stopped');
    await this.finishing;
  }

  /** Kills at once: what the encoder still holds is lost. `ended('stopped')` follows. Idempotent. */
  async close(): Promise<void> {
    this.finish('stopped', 'closed');
    await this.pipeline.kill();
    await this.finishing;
  }

  /** Where the next leg or connection has to continue; valid at any time, final after `ended`. */
  get timeline(): TimelinePoint {
    return this.pipeline.timeline;
  }

  /** The fixed renditions, null until the first `planned`. */
  get renditions(): readonly Rendition[] | null {
    return this.pipeline.renditions;
  }

  /** So many pictures of what was taken could not be used. */
  leftOut(count: number): void {
    this.pipeline.conditions.frames.dropped(count);
  }

  private receive(tags: readonly FlvTag[], byteLength: number): void {
    this.bytesSinceHealth += byteLength;
    // While the reader pauses at most what was in its own buffer still comes.
    this.waiting.push(...tags);
    if (this.waiting.length === tags.length) this.goOn();
  }

  private goOn(): void {
    if (this.finishing !== null) return;
    this.noteHeldUp(clockMs());
    const tags = this.waiting;
    this.waiting = [];
    for (const [index, tag] of tags.entries()) {
      if (this.finishing !== null) return;
      if (this.pipeline.push(tag, clockMs())) continue;
      this.waiting = [...tags.slice(index + 1), ...this.waiting];
      this.reader.pause();
      this.pausedMs ??= clockMs();
      this.pressure.paused(clockMs());
      return;
    }
    this.reader.resume();
    this.pressure.resumed(clockMs());
  }

  /** What waited for an encoder of ours isn't late by its publisher's fault. */
  private noteHeldUp(nowMs: number): void {
    if (this.pausedMs !== null) this.pipeline.conditions.frames.heldUp(nowMs - this.pausedMs, nowMs);
    this.pausedMs = null;
  }

  private finish(reason: SourceEndReason, detail: string): void {
    // Not at once: the events this leads to must find that we are finishing.
    this.finishing ??= Promise.resolve().then(() => this.wrapUp(reason, detail));
  }

  private async wrapUp(reason: SourceEndReason, detail: string): Promise<void> {
    this.reader.close();
    for (const tag of this.waiting.splice(0)) this.pipeline.push(tag, clockMs());
    await (reason === 'encoderFailed' ? this.pipeline.kill() : this.pipeline.end());
    if (this.healthTimer !== null) clearInterval(this.healthTimer);
    this.tellHealth();
    this.options.log.info({ reason, detail }, 'source ended');
    this.emit('ended', { reason, detail, timeline: this.timeline });
  }

  private warn(warning: Warning): void {
    this.options.log.info({ warning }, 'source warning');
    this.board.raise(warning, Date.now());
    this.tellHealth();
  }

  private measure(): void {
    const now = clockMs();
    this.inputBitrateBps = Math.round((this.bytesSinceHealth * 8000) / Math.max(1, now - this.lastHealthMs));
    this.bytesSinceHealth = 0;
    this.lastHealthMs = now;
    this.judgePressure(now);
    this.tellHealth();
  }

  /** The estimate of the ladder's cost was too low, or others took our cores: less is encoded from now on. */
  private judgePressure(nowMs: number): void {
    const pressure = this.pressure.judge(nowMs);
    if (pressure === 'fine' || this.finishing !== null) return;
    const speed = this.speed === null ? 'too slow' : `at ${this.speed.toFixed(2)} of real time`;
    const message = `The encoder can't keep up: it runs ${speed}.`;
    this.board.raise({ code: 'encoderTooSlow', owner: 'internal', message }, Date.now());
    if (pressure === 'overloaded') this.pipeline.relieve(this.speed ?? 0.5);
  }

  private tellHealth(): void {
    const { conditions } = this.pipeline;
    const frames = conditions.runningVideo === null ? null : conditions.frames.counts(clockMs());
    const ofFrames = frames === null ? [] : frameWarnings(frames);
    this.board.hold([...conditions.standing, ...ofFrames], Date.now());
    this.emit('health', {
      video: runningVideo(conditions),
      frames,
      audio: conditions.runningAudio,
      inputBitrateBps: this.inputBitrateBps,
      encoderSpeed: this.speed,
      warnings: this.board.list(Date.now()),
    });
  }
}

function runningVideo(conditions: SourceConditions): SourceHealth['video'] {
  const video = conditions.runningVideo;
  if (video === null) return null;
  const { codec, width, height, keyFrameIntervalSec } = video;
  return { codec, width, height, frameRate: video.measuredRate ?? video.frameRate, keyFrameIntervalSec };
}

/** Unix milliseconds that never go back. */
function clockMs(): number {
  return performance.timeOrigin + performance.now();
}
