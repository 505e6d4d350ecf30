import { randomUUID } from 'node:crypto';
import { mintRelayToken, type FactWriter, type Logger, type Redis } from '@maydan/common';
import {
  restreamChannel,
  restreamLeaseKey,
  type ControlDocument,
  type JobData,
  type RestreamWanted,
} from '@maydan/contracts';
import type { Config } from '../config.ts';
import { ControlWatcher, type ControlChannel } from '../live/ControlWatcher.ts';
import { Wake } from '../live/Wake.ts';
import type { RoomRun, RunOutcome } from '../sfu/RoomWorker.ts';
import type { BackOffOptions } from '../storage/backOff.ts';
import { askTargets } from './askTargets.ts';
import { Lease } from './Lease.ts';
import { defaultRetry } from './retries.ts';
import { StatusBoard } from './StatusBoard.ts';
import { defaultPushLimits, type PushLimits } from './TargetPush.ts';
import { TargetRun } from './TargetRun.ts';

/** What the restreams of a process share. */
export interface RestreamDeps {
  readonly config: Pick<Config, 'INTERNAL_SECRET' | 'API_INTERNAL_URL' | 'RESTREAM_ALLOW_PRIVATE'>;
  readonly redis: Redis;
  readonly facts: FactWriter;
  readonly control: ControlChannel;
  readonly limits?: PushLimits;
  readonly retry?: BackOffOptions;
}

const lookMs = 1_000;
/** An announcement may be lost: the api is asked anew after this. */
const askEveryMs = 15_000;
const askAgainMs = 2_000;
const answerMs = 5_000;
/** The api writes the document before the job; one that stays away was lost with its session. */
const controlPatienceMs = 30_000;

/** Sends what is shown of a session to its host's other targets, for as long as the session lasts. */
export class RestreamSession implements RoomRun {
  readonly finished: Promise<RunOutcome>;
  readonly #deps: RestreamDeps;
  readonly #sessionId: string;
  readonly #log: Logger;
  readonly #wake = new Wake();
  readonly #startedMs = performance.now();
  readonly #lease: Lease;
  readonly #targets = new Map<string, TargetRun>();
  #control: ControlDocument | null = null;
  #wanted: readonly RestreamWanted[] = [];
  #askAtMs = 0;
  #isAsking = false;
  #isLeaving = false;

  constructor(deps: RestreamDeps, { sessionId }: JobData<'live.restream'>, log: Logger) {
    this.#deps = deps;
    this.#sessionId = sessionId;
    this.#log = log.child({ sessionId });
    this.#lease = new Lease({
      ...{ redis: deps.redis, key: restreamLeaseKey(sessionId), holder: randomUUID(), log: this.#log },
      onChange: () => this.#onLease(),
    });
    this.finished = this.#run();
  }

  get targetCount(): number {
    return this.#targets.size;
  }

  get liveCount(): number {
    return [...this.#targets.values()].filter(({ isLive }) => isLive).length;
  }

  /** Stops in order and leaves the session to another run. */
  leave(): void {
    this.#isLeaving = true;
    this.#wake.call();
  }

  async #run(): Promise<RunOutcome> {
    const { redis, control: channel } = this.#deps;
    const sessionId = this.#sessionId;
    const onChange = (document: ControlDocument): void => {
      this.#control = document;
      this.#wake.call();
    };
    const onTargets = (): void => {
      this.#askAtMs = 0;
      this.#wake.call();
    };
    const watcher = await ControlWatcher.create({ sessionId, redis, channel, log: this.#log, onChange });
    channel.listen(restreamChannel(sessionId), onTargets);
    let outcome: RunOutcome = 'left';
    try {
      outcome = await this.#follow();
      return outcome;
    } finally {
      watcher.close();
      channel.forget(restreamChannel(sessionId), onTargets);
      await this.#closeAll(outcome);
      await this.#lease.close();
    }
  }

  async #follow(): Promise<RunOutcome> {
    for (;;) {
      if (this.#isLeaving) return 'left';
      if (this.#isOver()) return 'ended';
      if (this.#lease.isHeld) {
        if (!this.#isAsking && performance.now() >= this.#askAtMs) void this.#ask();
        await this.#reconcile();
      }
      await this.#wake.sleep(lookMs);
    }
  }

  #isOver(): boolean {
    if (this.#control === null) return performance.now() - this.#startedMs > controlPatienceMs;
    return this.#control.desired === 'stop';
  }

  /** While the api doesn't answer, what it said last goes on. */
  async #ask(): Promise<void> {
    const { config } = this.#deps;
    this.#isAsking = true;
    this.#askAtMs = performance.now() + askEveryMs;
    try {
      const options = { apiUrl: config.API_INTERNAL_URL, internalSecret: config.INTERNAL_SECRET };
      this.#wanted = await askTargets({ ...options, timeoutMs: answerMs }, this.#sessionId);
    } catch (error) {
      this.#log.warn({ err: error }, 'the api did not say where to restream to');
      this.#askAtMs = Math.min(this.#askAtMs, performance.now() + askAgainMs);
    }
    this.#isAsking = false;
    this.#wake.call();
  }

  /** What isn't wanted any more ends before anything begins: never two connections to one target. */
  async #reconcile(): Promise<void> {
    const wanted = new Map(this.#wanted.map((target) => [target.id, target]));
    const ending = [...this.#targets].filter(([id, run]) => wanted.get(id)?.version !== run.version);
    await Promise.all(
      ending.map(async ([id, run]) => {
        await run.close('ended');
        this.#targets.delete(id);
      }),
    );
    const relayUrl = this.#control?.source?.relayUrl ?? null;
    for (const [id, target] of wanted) {
      const run = this.#targets.get(id) ?? this.#begin(target);
      this.#targets.set(id, run);
      run.setSource(relayUrl);
    }
  }

  #begin(wanted: RestreamWanted): TargetRun {
    const { config, redis, facts, limits = defaultPushLimits, retry = defaultRetry } = this.#deps;
    const mayPush = (): boolean => this.#lease.isHeld;
    const { id: targetId, version } = wanted;
    const log = this.#log.child({ targetId });
    return new TargetRun({
      ...{ wanted, log, limits, retry, mayPush },
      allowPrivate: config.RESTREAM_ALLOW_PRIVATE,
      mintToken: (relayUrl) => mintRelayToken(config.INTERNAL_SECRET, new URL(relayUrl).pathname),
      board: new StatusBoard({
        ...{ redis, facts, sessionId: this.#sessionId, targetId, version, log },
        mayTell: mayPush,
      }),
    });
  }

  #onLease(): void {
    for (const run of this.#targets.values()) run.reconsider();
    this.#wake.call();
  }

  async #closeAll(outcome: RunOutcome): Promise<void> {
    await Promise.all([...this.#targets.values()].map((run) => run.close(outcome)));
    this.#targets.clear();
  }
}
