import type { Logger } from '@maydan/common';
import type { ControlDocument, EndReason } from '@maydan/contracts';
import { legCores } from '../ladder/cost.ts';
import { LiveWindow } from '../origin/LiveWindow.ts';
import { openRecording, type OpenedRecording } from '../recording/openRecording.ts';
import { restoreWindow } from '../recording/restoreWindow.ts';
import type { PlannedLeg, SourceEnd } from '../source/LiveSource.ts';
import type { Reservation } from './Admission.ts';
import { ControlWatcher } from './ControlWatcher.ts';
import { endSession } from './endSession.ts';
import { Fence, FenceLostError } from './Fence.ts';
import { LegFeeder } from './LegFeeder.ts';
import type { LiveDeps, LiveIds } from './LiveDeps.ts';
import { Ownership } from './Ownership.ts';
import { SessionFacts } from './SessionFacts.ts';
import { goalOf, type Goal } from './sessionGoal.ts';
import { SessionHealth } from './SessionHealth.ts';
import { SourceLoss } from './SourceLoss.ts';
import { SourceRun } from './SourceRun.ts';
import { Wake } from './Wake.ts';

/**
 * How a run ended. `superseded`: a newer run has the playback. `handedOver`: this process is going; the session isn't
 * over, and its job has to be given back.
 */
export type RunOutcome = 'ended' | 'superseded' | 'handedOver';

/** The finished playback stays in memory for players that are about to ask for its last playlist. */
const lingerMs = 20_000;
/** What may still be uploaded before the process goes. */
const handOverUploadMs = 2_500;
const idleMs = 1_000;

/**
 * One run of a live session on this worker: follows the control document, pulls each source in turn, packages it,
 * offers it in a LiveWindow, records it, and ends it. A session may see several runs (crash, deploy, takeover); the
 * fence says which one counts.
 */
export class LiveSession {
  readonly finished: Promise<RunOutcome>;
  readonly #deps: LiveDeps;
  readonly #ids: LiveIds;
  readonly #log: Logger;
  readonly #fence: Fence;
  readonly #reservation: Reservation;
  readonly #opened: OpenedRecording;
  readonly #window: LiveWindow;
  readonly #feeder: LegFeeder;
  readonly #facts: SessionFacts;
  readonly #health: SessionHealth;
  readonly #loss: SourceLoss;
  readonly #wake = new Wake();
  readonly #leaving = new AbortController();
  readonly #startedMs = Date.now();
  #control: ControlDocument | null = null;
  #run: { source: SourceRun; epoch: number } | null = null;
  #readyEpoch = 0;
  #unplayableEpoch = 0;
  #unusable = 0;
  #failure: EndReason | null = null;
  #outcome: RunOutcome | null = null;
  #ownership: Ownership | null = null;
  #watcher: ControlWatcher | null = null;

  /** Takes the playback over from any earlier run. Rejects while Redis or the spool can't be reached. */
  static async create(
    deps: LiveDeps,
    ids: LiveIds,
    reservation: Reservation,
    log: Logger,
  ): Promise<LiveSession> {
    const fence = await Fence.take(deps.redis, ids.playbackId);
    const { spool, store, redis } = deps;
    let session: LiveSession | null = null;
    const onSuperseded = () => session?.supersede();
    const opened = await openRecording({ spool, store, redis, fence, log, onSuperseded });
    session = new LiveSession({ deps, ids, reservation, fence, opened, log });
    return session;
  }

  private constructor(parts: {
    deps: LiveDeps;
    ids: LiveIds;
    reservation: Reservation;
    fence: Fence;
    opened: OpenedRecording;
    log: Logger;
  }) {
    const { deps, ids, opened, fence } = parts;
    this.#deps = deps;
    this.#ids = ids;
    this.#log = parts.log.child({ ...ids, fence: fence.value });
    this.#fence = fence;
    this.#reservation = parts.reservation;
    this.#opened = opened;
    this.#facts = new SessionFacts({
      ...ids,
      facts: deps.facts,
      fence: fence.value,
      workerId: deps.workerId,
    });
    this.#window = new LiveWindow({
      dvrWindowSec: deps.config.DVR_WINDOW_SEC,
      older: opened.recording.older,
    });
    this.#feeder = this.#makeFeeder();
    const renditions = () => this.#feeder.renditions?.map(({ id }) => id) ?? [];
    this.#health = new SessionHealth({ ...ids, facts: deps.facts, recording: opened.recording, renditions });
    this.#loss = new SourceLoss((epoch, reason) => this.#facts.sourceLost(epoch, reason));
    this.finished = this.#live();
  }

  get sessionId(): string {
    return this.#ids.sessionId;
  }

  get uploadLagBytes(): number {
    return this.#opened.recording.uploads.lagBytes;
  }

  get uploadLagMs(): number {
    return this.#opened.recording.uploads.lagMs();
  }

  get encoderSpeed(): number | null {
    return this.#health.source?.encoderSpeed ?? null;
  }

  /** A newer run has taken over: stop at once, write nothing more. */
  supersede(): void {
    this.#leave('superseded');
  }

  /** The process is going: stop in order, leaving the session to the next run. */
  handOver(): void {
    this.#leave('handedOver');
  }

  #leave(outcome: RunOutcome): void {
    this.#outcome ??= outcome;
    this.#leaving.abort();
    this.#wake.call();
  }

  async #live(): Promise<RunOutcome> {
    const { redis, control: channel, playbacks, originUrl } = this.#deps;
    const { sessionId, playbackId } = this.#ids;
    const log = this.#log;
    const onChange = (document: ControlDocument) => {
      this.#control = document;
      this.#wake.call();
    };
    const onLost = () => this.supersede();
    try {
      restoreWindow(this.#window, this.#opened);
      playbacks.add(playbackId, this.#window);
      this.#ownership = await Ownership.create({ fence: this.#fence, originUrl: originUrl(), log, onLost });
      this.#watcher = await ControlWatcher.create({ sessionId, redis, channel, log, onChange });
      log.info({ resumed: this.#opened.past.length > 0 }, 'live session taken');
      this.#facts.accepted();
      return await this.#follow();
    } catch (error) {
      if (!(error instanceof FenceLostError) && !this.#leaving.signal.aborted) throw error;
      this.#outcome ??= 'superseded';
      return this.#outcome;
    } finally {
      await this.#close();
    }
  }

  /** Does what the control document says until the session is over or this run has to go. */
  async #follow(): Promise<RunOutcome> {
    while (this.#outcome === null) {
      const goal = this.#goal();
      if (goal.type === 'play') await this.#play(goal);
      else if (goal.type === 'end') return this.#end(goal.failure);
      else await this.#wake.sleep(idleMs);
    }
    if (this.#outcome === 'handedOver') await this.#settleSpool();
    return this.#outcome;
  }

  #goal(): Goal {
    return goalOf({
      control: this.#control,
      uncontrolledMs: Date.now() - this.#startedMs,
      failure: this.#failure,
      wasEnded: this.#opened.recording.history.ended,
      unplayableEpoch: this.#unplayableEpoch,
    });
  }

  /** One connection to the relay, for as long as it is the one that is wanted. */
  async #play({ relayUrl, epoch }: Extract<Goal, { type: 'play' }>): Promise<void> {
    const source = new SourceRun({
      relayUrl,
      config: this.#deps.config,
      cpuBudgetCores: this.#reservation.cores,
      feeder: this.#feeder,
      log: this.#log.child({ epoch }),
      onHealth: (health) => this.#health.setSource(health),
    });
    this.#run = { source, epoch };
    const ended: { value: SourceEnd | null } = { value: null };
    void source.ended.then((end) => {
      ended.value = end;
      this.#wake.call();
    });
    while (ended.value === null) {
      await this.#wake.sleep(idleMs);
      if (this.#outcome === 'superseded') await source.kill();
      else if (ended.value === null && !this.#wants(relayUrl, epoch)) await source.stop();
    }
    this.#run = null;
    this.#health.setSource(null);
    await this.#onSourceEnded(epoch, ended.value);
  }

  #wants(relayUrl: string, epoch: number): boolean {
    const goal = this.#goal();
    return (
      this.#outcome === null && goal.type === 'play' && goal.relayUrl === relayUrl && goal.epoch === epoch
    );
  }

  async #onSourceEnded(epoch: number, end: SourceEnd): Promise<void> {
    this.#log.debug({ epoch, reason: end.reason, detail: end.detail }, 'source ended');
    if (end.reason === 'stopped' || this.#outcome !== null) return;
    if (end.reason === 'encoderFailed') this.#failure = 'encoderFailed';
    else if (end.reason === 'noMedia' || end.reason === 'unsupportedCodec') this.#refuse(epoch, end.reason);
    else await this.#wake.sleep(this.#loss.happened(epoch, end, Date.now()));
  }

  /** Nothing of this source can be played. A session that has shown something waits for a better one. */
  #refuse(epoch: number, reason: 'noMedia' | 'unsupportedCodec'): void {
    this.#unplayableEpoch = epoch;
    if (this.#opened.recording.history.started === null) this.#failure = reason;
    else this.#facts.sourceLost(epoch, reason);
  }

  #makeFeeder(): LegFeeder {
    const { config } = this.#deps;
    const { recording, past } = this.#opened;
    return new LegFeeder({
      fence: this.#fence.value,
      segmentTargetSec: config.SEGMENT_TARGET_MS / 1_000,
      preferredPartSec: config.PART_TARGET_MS / 1_000,
      past,
      log: this.#log,
      onEvent: (event) => {
        this.#window.apply(event);
        recording.append(event);
      },
      onPlanned: (leg) => this.#onPlanned(leg),
      onPlayable: (leg) => this.#onPlayable(leg),
      onUnusable: (error) => this.#onUnusable(error),
    });
  }

  #onPlanned({ plan, source, index }: PlannedLeg): void {
    const encoded = plan.renditions.flatMap((rendition) =>
      rendition.kind === 'encode' || rendition.kind === 'slate' ? [rendition] : [],
    );
    this.#reservation.settle(legCores(source.video, encoded, plan.frameRate));
    this.#log.debug({ leg: index, plan, source }, 'leg planned');
  }

  #onPlayable(leg: PlannedLeg): void {
    const epoch = this.#run?.epoch ?? this.#control?.source?.epoch ?? 0;
    const wasLost = this.#loss.over();
    if (epoch === this.#readyEpoch && !wasLost) return;
    this.#readyEpoch = epoch;
    const audioOnly = leg.renditions.every(({ kind }) => kind === 'audio');
    this.#facts.ready(
      epoch,
      leg.renditions.map(({ id }) => id),
      audioOnly,
    );
  }

  /** What the encoder wrote isn't what was asked for: a fresh connection may help, a few times. */
  #onUnusable(error: unknown): void {
    this.#unusable += 1;
    this.#log.error({ err: error, times: this.#unusable }, 'encoder output can not be used');
    if (this.#unusable >= 5) this.#failure = 'encoderFailed';
    void this.#run?.source.kill();
  }

  async #end(failure: EndReason | null): Promise<RunOutcome> {
    this.#reservation.release();
    this.#feeder.end();
    this.#health.report();
    await endSession({
      deps: this.#deps,
      fence: this.#fence,
      recording: this.#opened.recording,
      facts: this.#facts,
      log: this.#log,
      signal: this.#leaving.signal,
      failure,
    });
    this.#outcome ??= 'ended';
    return 'ended';
  }

  /** The next run may be on another machine: what is stored by then is what it has. */
  async #settleSpool(): Promise<void> {
    const { journal, uploads } = this.#opened.recording;
    await journal.flush();
    const timer = setTimeout(() => void uploads.close(), handOverUploadMs);
    await uploads.drained();
    clearTimeout(timer);
  }

  async #close(): Promise<void> {
    const { playbacks } = this.#deps;
    const window = this.#window;
    this.#watcher?.close();
    this.#health.close();
    this.#reservation.release();
    await this.#run?.source.kill();
    await this.#opened.recording.close();
    const forget = () => {
      playbacks.remove(this.#ids.playbackId, window);
      window.close();
    };
    if (this.#outcome === 'ended') {
      await this.#ownership?.close();
      setTimeout(forget, lingerMs).unref();
    } else {
      this.#ownership?.stop();
      forget();
    }
  }
}
