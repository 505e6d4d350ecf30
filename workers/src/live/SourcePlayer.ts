import type { Logger } from '@maydan/common';
import type { EndReason } from '@maydan/contracts';
import type { Config } from '../config.ts';
import type { PlannedLeg, SourceEnd } from '../source/LiveSource.ts';
import type { Reservation } from './Admission.ts';
import type { LegFeeder } from './LegFeeder.ts';
import type { SessionFacts } from './SessionFacts.ts';
import type { Goal } from './sessionGoal.ts';
import type { SessionHealth } from './SessionHealth.ts';
import { SourceLoss } from './SourceLoss.ts';
import { SourceRun } from './SourceRun.ts';
import type { Wake } from './Wake.ts';

export type PlayGoal = Extract<Goal, { type: 'play' }>;

export interface SourcePlayerOptions {
  readonly config: Config;
  /** The session has no pictures, whatever its source sends. */
  readonly audioOnly: boolean;
  readonly reservation: Reservation;
  readonly feeder: LegFeeder;
  readonly facts: SessionFacts;
  readonly health: SessionHealth;
  readonly log: Logger;
  /** Called whenever what is wanted may have changed. */
  readonly wake: Wake;
  /** `kill`: this run is over, nothing of it counts any more. */
  readonly wants: (goal: PlayGoal) => boolean | 'kill';
}

const lookMs = 1_000;
/** Unusable output so often within so long is no accident. */
const mostUnusable = { times: 5, withinMs: 60_000 };

/** Plays the sources of a session, one after the other, and tells when one can be watched and when one is lost. */
export class SourcePlayer {
  readonly #options: SourcePlayerOptions;
  readonly #loss: SourceLoss;
  #run: { source: SourceRun; epoch: number } | null = null;
  #readyEpoch = 0;
  #unplayableEpoch = 0;
  #unusableMs: number[] = [];
  #failure: EndReason | null = null;

  constructor(options: SourcePlayerOptions) {
    this.#options = options;
    this.#loss = new SourceLoss((epoch, reason) => options.facts.sourceLost(epoch, reason));
  }

  /** Why the session can't go on; null while it can. */
  get failure(): EndReason | null {
    return this.#failure;
  }

  /** A source that can't be played, whatever is tried; 0 when there is none. */
  get unplayableEpoch(): number {
    return this.#unplayableEpoch;
  }

  /** One connection to the relay, for as long as it is the one that is wanted; then waits as long as its end asks for. */
  async play(goal: PlayGoal): Promise<void> {
    const { config, audioOnly, reservation, feeder, log, health, wake, wants } = this.#options;
    const { epoch, relayUrl } = goal;
    const source = new SourceRun({
      relayUrl,
      config,
      audioOnly,
      cores: reservation,
      feeder,
      log: log.child({ epoch }),
      onHealth: (report) => health.setSource(report),
    });
    this.#run = { source, epoch };
    const ended: { value: SourceEnd | null } = { value: null };
    void source.ended.then((end) => {
      ended.value = end;
      wake.call();
    });
    while (ended.value === null) {
      await wake.sleep(lookMs);
      const wanted = wants(goal);
      if (wanted === 'kill') await source.kill();
      else if (!wanted) await source.stop();
    }
    this.#run = null;
    health.setSource(null);
    if (wants(goal) === true) await this.#onEnded(epoch, ended.value);
  }

  /** Ends what plays at once. */
  async kill(): Promise<void> {
    await this.#run?.source.kill();
  }

  /** Every rendition of a leg has its first part: told once per source, and again after a loss that was told. */
  onPlayable({ renditions }: PlannedLeg): void {
    const epoch = this.#run?.epoch ?? 0;
    const wasLost = this.#loss.over();
    if (epoch === this.#readyEpoch && !wasLost) return;
    this.#readyEpoch = epoch;
    const ids = renditions.map(({ id }) => id);
    const audioOnly = renditions.every(({ kind }) => kind === 'audio');
    this.#options.facts.ready(epoch, ids, audioOnly);
  }

  /** What the encoder wrote isn't what was asked for: a fresh connection may help, a few times. */
  onUnusable(error: unknown, nowMs = Date.now()): void {
    const recent = this.#unusableMs.filter((atMs) => nowMs - atMs < mostUnusable.withinMs);
    this.#unusableMs = [...recent, nowMs];
    this.#options.log.error({ err: error, times: this.#unusableMs.length }, 'encoder output can not be used');
    if (this.#unusableMs.length >= mostUnusable.times) this.#failure = 'encoderFailed';
    void this.kill();
  }

  async #onEnded(epoch: number, end: SourceEnd): Promise<void> {
    if (end.reason === 'stopped') return;
    if (end.reason === 'encoderFailed') this.#failure = 'encoderFailed';
    else if (end.reason === 'noMedia' || end.reason === 'unsupportedCodec') this.#refuse(epoch, end.reason);
    else await this.#options.wake.sleep(this.#loss.happened(epoch, end, Date.now()));
  }

  /** Nothing of this source can be played. A session that has shown something waits for a better one. */
  #refuse(epoch: number, reason: 'noMedia' | 'unsupportedCodec'): void {
    this.#unplayableEpoch = epoch;
    if (this.#options.feeder.renditions === null) this.#failure = reason;
    else this.#options.facts.sourceLost(epoch, reason);
  }
}
