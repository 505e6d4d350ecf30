import { EventEmitter } from 'node:events';
import type { Logger } from '@maydan/common';
import { legArguments, type LegInput } from '../ffmpeg/legArguments.ts';
import { LegEncoder, type EncoderExit } from '../ffmpeg/LegEncoder.ts';
import type { CoreBudget } from '../ladder/CoreBudget.ts';
import { chooseLadder } from '../ladder/chooseLadder.ts';
import { planCores, planLeg, type PlannedRenditions } from '../ladder/planLeg.ts';
import type { Rendition } from '../live/events.ts';
import type { ConditionedEvent, ConditionedLeg, LegEndReason, LegRules, Warning } from './conditioned.ts';
import type { EndedLeg, PlannedLeg, TimelinePoint } from './events.ts';
import { FlvConditioner } from './FlvConditioner.ts';
import type { FlvTag } from './flv/FlvParser.ts';
import type { SourceConditions } from './SourceConditions.ts';
import type { SourceInfo } from './sourceInfo.ts';

export interface LegPipelineOptions {
  readonly ffmpegPath: string;
  readonly cores: CoreBudget;
  /** Null: chosen at the first leg. */
  readonly renditions: readonly Rendition[] | null;
  /** Null: the very beginning of a session. */
  readonly timeline: TimelinePoint | null;
  readonly audioOnly?: boolean;
  readonly log: Logger;
  readonly socketRoot?: string;
}

export interface LegPipelineEvents {
  planned: [leg: PlannedLeg];
  data: [renditionId: string, bytes: Uint8Array];
  legEnded: [leg: EndedLeg];
  /** `push` may go on. */
  drain: [];
  warning: [warning: Warning];
  /** Media time encoded per wall clock. */
  speed: [speed: number];
  /** Nothing more will come of this source. */
  failed: [reason: 'noMedia' | 'unsupportedCodec' | 'encoderFailed', detail: string];
}

/** One leg in its encoder. Until its turn comes, what the encoder gives is held. */
interface Run {
  readonly encoder: LegEncoder;
  readonly planned: PlannedLeg;
  /** Media time at which output begins. */
  readonly startSec: number;
  held: [id: string, bytes: Uint8Array][] | null;
  ended: { reason: LegEndReason; timeline: TimelinePoint } | null;
  exit: EncoderExit | null;
}

/** Media time of a session begins here, so that decode times before presentation times stay positive. */
const firstMediaTimeSec = 10;
const beginning: TimelinePoint = { mediaTimeSec: firstMediaTimeSec, programDateTimeMs: 0 };
/** AAC encoders begin 1024 samples before the first sound: room for it between two legs. */
const headroomSec = 0.03;
/** And they fill up the last frame: a leg ends so long before what comes next may begin. */
export const tailroomSec = 0.03;
const failureWindowMs = 60_000;
const toleratedFailures = 3;

/**
 * FLV tags in, fragmented MP4 of each rendition out, leg by leg: conditioner, ladder, one encoder per leg, and the
 * timeline over all of them. Two encoders overlap while the older one finishes, but their events never do.
 */
export class LegPipeline extends EventEmitter<LegPipelineEvents> {
  private readonly options: LegPipelineOptions;
  private readonly conditioner: FlvConditioner;
  /** The first one's events are told; the last one takes the input. */
  private readonly runs: Run[] = [];
  private fixedRenditions: readonly Rendition[] | null;
  private reached: TimelinePoint | null;
  private lastPlan: PlannedRenditions | null = null;
  private legCount = 0;
  private failures: number[] = [];
  private over = false;
  /** What this machine turned out to carry, whatever is free by estimate. */
  private affordableCores = Infinity;
  /** What the last plan was fitted to. */
  private cpuBudgetCores = 0;

  constructor(options: LegPipelineOptions) {
    super();
    this.options = options;
    this.fixedRenditions = options.renditions;
    this.reached = options.timeline;
    this.conditioner = new FlvConditioner((source) => this.plan(source), options.audioOnly);
  }

  /** False: wait for `drain` before pushing more. */
  push(tag: FlvTag, arrivalMs: number): boolean {
    return this.over || this.handle(this.conditioner.push(tag, arrivalMs));
  }

  /** The source is over; resolves when all legs are told. */
  async end(): Promise<void> {
    if (!this.over) this.handle(this.conditioner.end());
    this.over = true;
    await Promise.all(this.runs.map((run) => run.encoder.end()));
  }

  /** Stops at once; what the encoders hold is lost. `legEnded` still comes for a leg that was told. */
  async kill(): Promise<void> {
    if (!this.over) this.handle(this.conditioner.end());
    this.over = true;
    await Promise.all(this.runs.map((run) => run.encoder.kill()));
  }

  /**
   * The encoder runs at `speed` of real time: goes on with smaller pictures, without what the old encoder still has
   * to do. False when nothing can be made smaller.
   */
  relieve(speed: number): boolean {
    const run = this.runs.at(-1);
    if (this.over || run === undefined || run.ended !== null || this.fixedRenditions === null) return false;
    const { plan, source } = run.planned;
    const affordable = planCores(plan, source) * Math.min(0.9, Math.max(0.3, speed)) * 0.85;
    const smaller = planLeg(this.fixedRenditions, source, { cpuBudgetCores: affordable }).plan;
    if (planCores(smaller, source) >= planCores(plan, source)) return false;
    this.affordableCores = affordable;
    this.handle(this.conditioner.restartLeg('encoderTooSlow'));
    return true;
  }

  get renditions(): readonly Rendition[] | null {
    return this.fixedRenditions;
  }

  /** Where what comes next has to continue. */
  get timeline(): TimelinePoint {
    const run = this.runs.at(-1);
    if (run === undefined || run.ended !== null)
      return this.reached ?? { mediaTimeSec: firstMediaTimeSec, programDateTimeMs: Date.now() };
    return pointAfter(run, this.conditioner.runningMs);
  }

  get conditions(): SourceConditions {
    return this.conditioner.health;
  }

  private plan(source: SourceInfo): LegRules {
    const { cores } = this.options;
    const cpuBudgetCores = Math.min(cores.available, this.affordableCores);
    this.cpuBudgetCores = cpuBudgetCores;
    if (this.fixedRenditions === null) {
      const ladder = chooseLadder(source, { cpuBudgetCores });
      this.fixedRenditions = ladder.renditions;
      for (const warning of ladder.warnings) this.emit('warning', warning);
    }
    this.lastPlan = planLeg(this.fixedRenditions, source, { cpuBudgetCores });
    // Not only once the leg is told: until then others could take the same cores.
    cores.settle(planCores(this.lastPlan.plan, source));
    for (const warning of this.lastPlan.warnings) this.emit('warning', warning);
    return this.lastPlan.rules;
  }

  private handle(events: readonly ConditionedEvent[]): boolean {
    let goOn = true;
    for (const event of events) {
      switch (event.type) {
        case 'leg.planned':
          this.beginRun(event.leg);
          goOn = true;
          break;
        case 'media':
          goOn = this.runs.at(-1)?.encoder.write(event.bytes) ?? true;
          break;
        case 'leg.ended':
          this.endRun(event.reason, event.durationMs);
          break;
        case 'warning':
          this.emit('warning', event.warning);
          break;
        case 'failed':
          this.fail(event.reason, '');
      }
    }
    return goOn;
  }

  private beginRun(leg: ConditionedLeg): void {
    const { lastPlan, fixedRenditions } = this;
    if (lastPlan === null || fixedRenditions === null) throw new Error('A leg begins before it is planned.');
    const { plan } = lastPlan;
    const times = placeLeg(this.reached ?? beginning, leg, lastPlan);
    const command = legArguments(plan, times, this.cpuBudgetCores);
    const { ffmpegPath, log, socketRoot } = this.options;
    const encoder = new LegEncoder({ ffmpegPath, command, log, socketRoot });
    const planned: PlannedLeg = {
      index: this.legCount++,
      renditions: fixedRenditions,
      plan,
      source: leg.source,
      mediaTimeSec: times.mediaTimeSec,
      programDateTimeMs: times.programDateTimeMs,
    };
    const run: Run = { encoder, planned, startSec: times.startSec, held: [], ended: null, exit: null };
    this.runs.push(run);
    encoder.on('data', (id, bytes) => this.received(run, id, bytes));
    encoder.on('drain', () => this.emit('drain'));
    encoder.on('progress', ({ speed }) => speed !== null && this.emit('speed', speed));
    encoder.on('exit', (exit) => this.exited(run, exit));
    log.info(
      { leg: planned.index, plan, source: leg.source, mediaTimeSec: times.mediaTimeSec },
      'leg begins',
    );
    encoder.start();
    this.emit('drain');
    if (this.runs[0] === run) this.tell(run);
  }

  private tell(run: Run): void {
    const held = run.held ?? [];
    run.held = null;
    this.emit('planned', run.planned);
    for (const [id, bytes] of held) this.emit('data', id, bytes);
  }

  private received(run: Run, id: string, bytes: Uint8Array): void {
    if (run.held === null) this.emit('data', id, bytes);
    else run.held.push([id, bytes]);
  }

  private endRun(reason: LegEndReason, durationMs: number): void {
    const run = this.runs.at(-1);
    if (run === undefined) return;
    this.reached = pointAfter(run, durationMs);
    run.ended = { reason, timeline: this.reached };
    void (reason === 'encoderTooSlow' ? run.encoder.kill() : run.encoder.end());
  }

  private exited(run: Run, exit: EncoderExit): void {
    run.exit = exit;
    const failed = exit.reason === 'failed' || exit.reason === 'hung';
    if (failed) this.options.log.error({ leg: run.planned.index, ...exit }, 'encoder failed');
    if (run.ended === null && !this.over) this.handle(this.conditioner.restartLeg('encoderFailed'));
    this.tellEnded();
    if (failed) this.countFailure(exit);
    // Nothing waits for an encoder that is gone.
    this.emit('drain');
  }

  /** A short leg's encoder may be done before the one of the leg before it. */
  private tellEnded(): void {
    for (let run = this.runs[0]; run !== undefined && run.exit !== null; run = this.runs[0]) {
      const ended = run.ended ?? { reason: 'encoderFailed' as const, timeline: pointAfter(run, 0) };
      const failed = run.exit.reason === 'failed' || run.exit.reason === 'hung';
      this.runs.shift();
      const { index } = run.planned;
      this.emit('legEnded', {
        index,
        reason: failed ? 'encoderFailed' : ended.reason,
        timeline: ended.timeline,
      });
      if (this.runs[0] !== undefined) this.tell(this.runs[0]);
    }
  }

  private countFailure(exit: EncoderExit): void {
    const now = Date.now();
    const message = `The encoder ${exit.reason === 'hung' ? 'hung' : 'ended unexpectedly'} and was started again.`;
    this.emit('warning', { code: 'encoderRestarted', owner: 'internal', message });
    this.failures = [...this.failures.filter((at) => now - at < failureWindowMs), now];
    if (this.failures.length > toleratedFailures) this.fail('encoderFailed', exit.stderrTail);
  }

  private fail(reason: 'noMedia' | 'unsupportedCodec' | 'encoderFailed', detail: string): void {
    if (this.over) return;
    this.emit('failed', reason, detail);
  }
}

/** The wall clock counts to the end of the content, not over the room between legs: so it doesn't creep. */
function pointAfter(run: Run, durationMs: number): TimelinePoint {
  const mediaTimeSec = run.startSec + durationMs / 1000 + tailroomSec;
  return { mediaTimeSec, programDateTimeMs: run.planned.programDateTimeMs + durationMs };
}

/**
 * Places a leg on the session's timeline, behind what was reached in both clocks. Time 0 of the input falls on the session's
 * frame grid: rounding to it never has to decide between two frames.
 */
function placeLeg(
  reached: TimelinePoint,
  leg: ConditionedLeg,
  { rules }: PlannedRenditions,
): LegInput & Pick<PlannedLeg, 'mediaTimeSec' | 'programDateTimeMs'> {
  const leadInSec = leg.leadInMs / 1000;
  const earliest = reached.mediaTimeSec + headroomSec - leadInSec;
  const originSec = rules.takesVideo ? Math.ceil(earliest * rules.frameRate) / rules.frameRate : earliest;
  const startSec = originSec + leadInSec;
  const mediaTimeSec = startSec - headroomSec;
  const programDateTimeMs = Math.max(leg.programDateTimeMs - headroomSec * 1000, reached.programDateTimeMs);
  return { format: leg.format, originSec, startSec, mediaTimeSec, programDateTimeMs };
}
