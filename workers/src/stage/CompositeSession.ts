import type { Logger } from '@maydan/common';
import type { ControlDocument, JobData, StageComposition } from '@maydan/contracts';
import { ControlWatcher } from '../live/ControlWatcher.ts';
import { SharedWarnings } from '../live/SharedWarnings.ts';
import { Wake } from '../live/Wake.ts';
import { WarningBoard } from '../live/WarningBoard.ts';
import type { RoomRun, RunOutcome } from '../sfu/RoomWorker.ts';
import { PeopleInPicture } from './peopleInPicture.ts';
import { compositeGoal, type CompositeGoal } from './compositeGoal.ts';
import type { CanvasSize } from './compose/layout.ts';
import { RoomKeeper } from './RoomKeeper.ts';
import type { StageRoom } from './room/StageRoom.ts';
import type { VideoInput } from './room/VideoInput.ts';
import type { StageDeps } from './StageDeps.ts';
import { StagePublish, type UnpublishReason } from './StagePublish.ts';
import { stageView, withoutMedia, type StageView } from './stageView.ts';

const lookMs = 250;
/** After a refusal, a failure of an encoder, or without cores. */
const retryMs = 1_000;
const paceMs = 4_000;
/** Pictures left out that nobody minds. */
const toleratedShare = 0.1;
const nobody: StageView = { people: [], heard: [] };

/** One run of `live.composite`: as long as the session lasts, publishes its stage whenever somebody is on it. */
export class CompositeSession implements RoomRun {
  readonly finished: Promise<RunOutcome>;
  readonly #deps: StageDeps;
  readonly #data: JobData<'live.composite'>;
  readonly #log: Logger;
  readonly #wake = new Wake();
  readonly #startedMs = Date.now();
  readonly #board = new WarningBoard();
  readonly #shared: SharedWarnings;
  readonly #keeper: RoomKeeper;
  readonly #people = new PeopleInPicture();
  #control: ControlDocument | null = null;
  #publish: StagePublish | null = null;
  #view: StageView = nobody;
  #mediaSeenMs = 0;
  #shownMs = 0;
  #roomSinceMs = 0;
  #notBeforeMs = 0;
  #engineFailed = false;
  #room: StageRoom | null = null;
  #pace = { atMs: Date.now(), pictures: 0, skipped: 0 };
  #isLeaving = false;

  constructor(deps: StageDeps, data: JobData<'live.composite'>, log: Logger) {
    this.#deps = deps;
    this.#data = data;
    this.#log = log.child({ sessionId: data.sessionId });
    this.#shared = new SharedWarnings(deps.redis, data.sessionId, this.#log);
    const { redis, config } = deps;
    this.#keeper = new RoomKeeper({
      join: {
        redis,
        secret: config.INTERNAL_SECRET,
        sessionId: data.sessionId,
        sessionType: data.sessionType ?? 'video',
        role: 'egress',
        log: this.#log,
      },
      redis,
      rtpAddress: config.STAGE_RTP_ADDRESS ?? null,
      log: this.#log,
    });
    this.#keeper.on('changed', () => this.#onStage());
    this.finished = this.#run();
  }

  get sessionId(): string {
    return this.#data.sessionId;
  }

  /** Null while nothing is published. */
  get publish(): StagePublish | null {
    return this.#publish;
  }

  /** Stops in order and leaves the session to another run. */
  leave(): void {
    this.#isLeaving = true;
    this.#wake.call();
  }

  async #run(): Promise<RunOutcome> {
    const { redis, control: channel } = this.#deps;
    const onChange = (document: ControlDocument): void => {
      this.#control = document;
      this.#show();
      this.#wake.call();
    };
    const { sessionId } = this.#data;
    const watcher = await ControlWatcher.create({ sessionId, redis, channel, log: this.#log, onChange });
    try {
      return await this.#follow();
    } finally {
      watcher.close();
      await this.#unpublish(this.#isLeaving ? 'shutdown' : 'ended');
      await this.#keeper.close();
      await this.#shared.write('composite', []);
    }
  }

  async #follow(): Promise<RunOutcome> {
    for (;;) {
      if (this.#isLeaving) return 'left';
      const goal = this.#goal();
      if (goal.type === 'end') return 'ended';
      if (this.#engineFailed) await this.#onFailure();
      if (goal.type === 'publish') await this.#keepPublishing();
      else await this.#unpublish('closed');
      this.#lookAtPace(Date.now());
      await this.#wake.sleep(lookMs);
    }
  }

  #goal(): CompositeGoal {
    const nowMs = Date.now();
    const hasMedia = (this.#keeper.room?.tracks.length ?? 0) > 0;
    if (hasMedia) this.#mediaSeenMs = nowMs;
    const isShown = this.#publish === null || this.#control?.source?.relayUrl === this.#publish.relayUrl;
    if (isShown) this.#shownMs = nowMs;
    return compositeGoal({
      control: this.#control,
      unshownMs: nowMs - this.#shownMs,
      uncontrolledMs: nowMs - this.#startedMs,
      isPublishing: this.#publish !== null,
      hasMedia,
      // Who comes back to a room that was lost is given time to send again.
      emptyMs: nowMs - Math.max(this.#mediaSeenMs, this.#roomSinceMs),
      roomLost: this.#keeper.room === null,
      patience: this.#deps.patience ?? 1,
    });
  }

  async #keepPublishing(): Promise<void> {
    if (this.#publish !== null || Date.now() < this.#notBeforeMs) return;
    const begun = await StagePublish.begin({
      deps: this.#deps,
      sessionId: this.#data.sessionId,
      audioOnly: this.#data.sessionType === 'audio',
      onSize: (input, size) => this.#onSize(input, size),
      onFailed: () => {
        this.#engineFailed = true;
        this.#wake.call();
      },
      log: this.#log,
    });
    this.#warnOfCapacity(begun === 'noCapacity');
    if (typeof begun === 'string') {
      this.#notBeforeMs = Date.now() + retryMs;
      return;
    }
    this.#publish = begun;
    this.#shownMs = Date.now();
    this.#show();
  }

  async #unpublish(reason: UnpublishReason): Promise<void> {
    const publish = this.#publish;
    this.#publish = null;
    await publish?.end(reason);
  }

  async #onFailure(): Promise<void> {
    this.#engineFailed = false;
    this.#notBeforeMs = Date.now() + retryMs;
    await this.#unpublish('badData');
  }

  /** While the room is lost everybody keeps the place on the picture. */
  #onStage(): void {
    const { room } = this.#keeper;
    if (room !== null && this.#room !== room) this.#roomSinceMs = Date.now();
    this.#room = room;
    if (room === null) this.#view = { people: withoutMedia(this.#view.people), heard: [] };
    else if (room.tracks.length > 0 || this.#publish === null)
      this.#view = stageView(room.people, room.tracks);
    else this.#view = { people: withoutMedia(this.#view.people), heard: [] };
    this.#show();
    this.#wake.call();
  }

  #show(): void {
    const layout = this.#control?.stageLayout ?? 'grid';
    this.#publish?.engine.setStage(this.#view.people, this.#view.heard, layout);
  }

  #onSize(input: VideoInput, { width, height }: CanvasSize): void {
    this.#keeper.room?.tracks.find((track) => track.input === input)?.setSize(width, height);
  }

  #warnOfCapacity(isMissing: boolean): void {
    const { usedCores, budgetCores } = this.#deps.admission;
    const message = `The stage waits for processor cores: ${usedCores.toFixed(1)} of ${budgetCores.toFixed(1)} are taken.`;
    this.#board.set('waitingForCapacity', isMissing ? { owner: 'internal', message } : null);
    void this.#shared.write('composite', this.#board.list);
  }

  /** Tells how pictures get into the broadcast, and the host when it stutters for want of processor. */
  #lookAtPace(nowMs: number): void {
    const { atMs, pictures, skipped } = this.#pace;
    const elapsedMs = nowMs - atMs;
    if (elapsedMs < paceMs) return;
    const engine = this.#publish?.engine;
    const now = { atMs: nowMs, pictures: engine?.flv.pictures ?? 0, skipped: engine?.picture?.skipped ?? 0 };
    this.#pace = now;
    // Another publish counts anew.
    const [made, missed] = [now.pictures - pictures, now.skipped - skipped];
    const isSlow = made > 0 && missed > 0 && missed / (made + missed) > toleratedShare;
    const share = Math.round((100 * missed) / Math.max(1, made + missed));
    const message = `The worker has too little processor to compose the stage: ${share} % of the pictures are left out.`;
    this.#board.set('encoderTooSlow', isSlow ? { owner: 'internal', message } : null);
    void this.#shared.write('composite', this.#board.list);
    const people = this.#people.read(this.#keeper.room?.tracks ?? []);
    if (engine !== undefined && engine.picture !== null && made >= 0 && missed >= 0)
      this.#tellComposition({ windowSec: elapsedMs / 1_000, made, skipped: missed, people });
  }

  #tellComposition(composition: StageComposition): void {
    const at = new Date().toISOString();
    const { sessionId } = this;
    this.#deps.facts.append({ type: 'stage.composed', sessionId, at, composition });
  }
}
