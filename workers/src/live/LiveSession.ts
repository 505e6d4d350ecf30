import type { Logger } from '@maydan/common';
import type { ControlDocument, EndReason } from '@maydan/contracts';
import { LiveWindow } from '../origin/LiveWindow.ts';
import { openRecording, type OpenedRecording } from '../recording/openRecording.ts';
import { restoreWindow } from '../recording/restoreWindow.ts';
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
import { SharedWarnings } from './SharedWarnings.ts';
import { SourcePlayer, type PlayGoal } from './SourcePlayer.ts';
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
  readonly #player: SourcePlayer;
  readonly #wake = new Wake();
  readonly #leaving = new AbortController();
  readonly #startedMs = Date.now();
  #control: ControlDocument | null = null;
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
    const shared = new SharedWarnings(deps.redis, ids.sessionId, this.#log);
    const { facts } = deps;
    this.#health = new SessionHealth({ ...ids, facts, recording: opened.recording, shared, renditions });
    this.#player = new SourcePlayer({
      config: deps.config,
      audioOnly: ids.sessionType === 'audio',
      reservation: parts.reservation,
      feeder: this.#feeder,
      facts: this.#facts,
      health: this.#health,
      log: this.#log,
      wake: this.#wake,
      wants: (goal) => this.#wants(goal),
    });
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
      if (goal.type === 'play') await this.#player.play(goal);
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
      failure: this.#player.failure,
      wasEnded: this.#opened.recording.history.ended,
      unplayableEpoch: this.#player.unplayableEpoch,
    });
  }

  #wants({ relayUrl, epoch }: PlayGoal): boolean | 'kill' {
    if (this.#outcome !== null) return this.#outcome === 'superseded' ? 'kill' : false;
    const goal = this.#goal();
    return goal.type === 'play' && goal.relayUrl === relayUrl && goal.epoch === epoch;
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
      onPlayable: (leg) => this.#player.onPlayable(leg),
      onUnusable: (error) => this.#player.onUnusable(error),
    });
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
    await this.#player.kill();
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
