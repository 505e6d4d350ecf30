import type { BroadcastHealth } from '@maydan/contracts';
import { Poller } from './poll.ts';

export interface HealthListener {
  told(health: BroadcastHealth): void;
  /** The socket came or went. */
  connectionChanged(connected: boolean): void;
}
export interface HealthSubscription {
  /** Answers how it is; it is told on until the answer has to be renewed. Rejects as the api refuses, or without a socket. */
  subscribe(): Promise<{ health: BroadcastHealth; renewAfterSec: number }>;
  close(): void;
}

export interface HealthFeedDeps {
  follow(listener: HealthListener): HealthSubscription;
  fetch(): Promise<BroadcastHealth>;
  /** Nobody looks at the page. */
  isHidden(): boolean;
}

/** Without the socket it is asked for this often. */
const pollMs = 4_000;

/** Keeps the health of a broadcast up to date through the socket, and by polling while there is none. */
export class HealthFeed {
  private readonly deps: HealthFeedDeps;
  private readonly report: (health: BroadcastHealth) => void;
  private readonly poller: Poller;
  private subscription: HealthSubscription | undefined;
  private connected = false;
  /** Null: it has to be asked for. */
  private renewMs: number | null = null;

  constructor(deps: HealthFeedDeps, report: (health: BroadcastHealth) => void) {
    this.deps = deps;
    this.report = report;
    this.poller = new Poller(
      () => this.look(),
      () => (deps.isHidden() ? null : (this.renewMs ?? pollMs)),
    );
  }

  open(): void {
    this.subscription = this.deps.follow({
      told: (health) => this.report(health),
      connectionChanged: (connected) => {
        this.connected = connected;
        this.renewMs = null;
        this.poller.poke();
      },
    });
    this.poller.poke();
  }

  /** Somebody looks at the page again. */
  poke(): void {
    this.poller.poke();
  }

  close(): void {
    this.poller.stop();
    this.subscription?.close();
  }

  /** While nothing can be learnt the old figures stay. */
  private async look(): Promise<void> {
    try {
      this.report((await this.subscribe()) ?? (await this.deps.fetch()));
    } catch {
      this.renewMs = null;
    }
  }

  private async subscribe(): Promise<BroadcastHealth | null> {
    this.renewMs = null;
    if (!this.connected || this.subscription === undefined) return null;
    try {
      const { health, renewAfterSec } = await this.subscription.subscribe();
      // It may have gone meanwhile.
      if (this.connected) this.renewMs = renewAfterSec * 1_000;
      return health;
    } catch {
      return null;
    }
  }
}
