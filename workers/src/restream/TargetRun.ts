import type { Logger } from '@maydan/common';
import { parseRestreamUrl, type RestreamStatus, type RestreamWanted } from '@maydan/contracts';
import { Wake } from '../live/Wake.ts';
import type { BackOffOptions } from '../storage/backOff.ts';
import { decideRetry, isShortLife } from './retries.ts';
import type { TargetConnection } from './rtmp/connectTarget.ts';
import { fault, type PushFault } from './rtmp/PushFault.ts';
import type { StatusBoard } from './StatusBoard.ts';
import { TargetPush, type PushLimits, type PushOutcome } from './TargetPush.ts';

export interface TargetRunOptions extends TargetConnection {
  readonly wanted: RestreamWanted;
  readonly mintToken: (relayUrl: string) => string;
  /** This run, and no other, may send to the target. */
  readonly mayPush: () => boolean;
  readonly limits: PushLimits;
  readonly retry: BackOffOptions;
  readonly board: StatusBoard;
  readonly log: Logger;
}

/** Between two looks at a source that should be there and isn't. */
const lookMs = 500;

/** Sends to one target for as long as it is wanted: connection after connection, with a rest between those that fail. */
export class TargetRun {
  readonly #options: TargetRunOptions;
  readonly #wake = new Wake();
  readonly #finished: Promise<void>;
  #relayUrl: string | null = null;
  #push: TargetPush | null = null;
  #isClosing = false;
  #counts = { failures: 0, shortLives: 0 };
  /** The source that the target was given up for. */
  #givenUp: string | null = null;
  #byteLength = 0;
  #status: Omit<RestreamStatus, 'byteLength'> = {
    ...{ state: 'idle', reason: null, failures: 0, nextTryAt: null },
    since: new Date().toISOString(),
  };

  constructor(options: TargetRunOptions) {
    this.#options = options;
    this.#tell({});
    this.#finished = this.#run();
  }

  get version(): number {
    return this.#options.wanted.version;
  }

  get isLive(): boolean {
    return this.#status.state === 'live';
  }

  /** What is shown of the session, null while nothing is. A new one is a new beginning also for what was given up. */
  setSource(relayUrl: string | null): void {
    if (relayUrl === this.#relayUrl) return;
    this.#relayUrl = relayUrl;
    this.#push?.close();
    this.#wake.call();
  }

  /** The right to send was lost, or was got. */
  reconsider(): void {
    if (!this.#options.mayPush()) this.#push?.cut();
    this.#wake.call();
  }

  /** Ends the publish in order. `left`: another run goes on with the target. Idempotent. */
  async close(why: 'ended' | 'left'): Promise<void> {
    this.#isClosing = true;
    this.#push?.close();
    this.#wake.call();
    await this.#finished;
    const how = this.#status.state === 'failed' ? 'kept' : 'gone';
    await this.#options.board.close(why === 'left' ? 'left' : how);
  }

  async #run(): Promise<void> {
    while (!this.#isClosing) {
      const relayUrl = this.#relayUrl;
      if (relayUrl === null || !this.#options.mayPush()) await this.#rest();
      else if (relayUrl === this.#givenUp) await this.#wake.sleep(lookMs);
      else await this.#connect(relayUrl);
    }
  }

  async #rest(): Promise<void> {
    // Without the right to send, another run says how the target goes.
    if (this.#options.mayPush() && this.#status.state !== 'idle' && this.#status.state !== 'failed') {
      this.#tell({ state: 'idle', reason: null, nextTryAt: null });
    }
    await this.#wake.sleep(lookMs);
  }

  async #connect(relayUrl: string): Promise<void> {
    if (this.#givenUp !== null) this.#counts = { failures: 0, shortLives: 0 };
    this.#givenUp = null;
    if (this.#status.state !== 'connecting') this.#tell({ state: 'connecting', nextTryAt: null });
    const { fault: reason, liveMs } = await this.#pushOnce(relayUrl);
    if (reason === null) {
      // The source ended; whether another comes the control document says.
      if (this.#relayUrl === relayUrl && !this.#isClosing) await this.#wake.sleep(lookMs);
      return;
    }
    await this.#afterFault(relayUrl, reason, liveMs);
  }

  async #pushOnce(relayUrl: string): Promise<PushOutcome> {
    const { wanted, mintToken } = this.#options;
    const address = parseRestreamUrl(wanted.url);
    const { streamKey } = wanted;
    if (streamKey === null)
      return { fault: fault('keyUnreadable', 'The stream key has to be given again.'), liveMs: 0 };
    if (address === null) return { fault: fault('internal', 'The address is none.'), liveMs: 0 };
    const { limits, mayPush, allowPrivate, ca } = this.#options;
    const push = new TargetPush({
      ...{ relayUrl, address, streamKey, limits, mayPush, allowPrivate, ca },
      mintToken: () => mintToken(relayUrl),
      onLive: () => this.#tell({ state: 'live', reason: null }),
    });
    this.#push = push;
    const outcome = await push.ended;
    this.#byteLength = push.byteLength;
    this.#push = null;
    return outcome;
  }

  async #afterFault(relayUrl: string, reason: PushFault, liveMs: number): Promise<void> {
    const { retry, log } = this.#options;
    const ended = { code: reason.code, liveMs };
    const decision = decideRetry(ended, this.#counts, retry);
    const { failures } = decision;
    this.#counts = { failures, shortLives: isShortLife(ended) ? this.#counts.shortLives + 1 : 0 };
    log.info({ reason, decision, liveMs: Math.round(liveMs) }, 'a restream connection ended');
    if (decision.type === 'giveUp') {
      this.#givenUp = relayUrl;
      return this.#tell({ state: 'failed', reason: { ...reason, code: decision.code }, failures });
    }
    const nextTryAt = new Date(Date.now() + decision.inMs).toISOString();
    this.#tell({ state: 'retrying', reason, failures, nextTryAt });
    await this.#pause(decision.inMs, relayUrl);
  }

  /** Shorter when the source becomes another one. */
  async #pause(ms: number, relayUrl: string): Promise<void> {
    const untilMs = performance.now() + ms;
    while (!this.#isClosing && this.#relayUrl === relayUrl && performance.now() < untilMs) {
      await this.#wake.sleep(untilMs - performance.now());
    }
  }

  #tell(change: Partial<Omit<RestreamStatus, 'byteLength' | 'since'>>): void {
    const since = new Date().toISOString();
    this.#status = { ...this.#status, failures: this.#counts.failures, ...change, since };
    this.#options.board.tell(() => ({
      ...this.#status,
      byteLength: this.#push?.byteLength ?? this.#byteLength,
    }));
  }
}
