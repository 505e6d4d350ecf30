import type { Logger } from '@maydan/common';
import type { SocketClient } from '../realtime/gateway.ts';
import type { OnlineUsers } from './OnlineUsers.ts';
import type { PresenceRepo } from './presence.repo.ts';

/** How often a process says whom it has connections of. */
const seeEveryMs = 5_000;
/** How often one of the processes looks for those who are away. */
const sweepEveryMs = 1_000;
const batch = 500;

/**
 * The part of one api process in presence: says whom it has connections of, and takes its turns at looking for those
 * who are away. Several devices of a user count once.
 */
export class PresenceKeeper {
  readonly #online: OnlineUsers;
  readonly #repo: PresenceRepo;
  readonly #logger: Logger;
  /** User → their connections here. */
  readonly #connections = new Map<string, Set<string>>();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #running = new Map<string, Promise<void>>();
  #sweepsFrom = 0;

  constructor({ online, repo, logger }: { online: OnlineUsers; repo: PresenceRepo; logger: Logger }) {
    this.#online = online;
    this.#repo = repo;
    this.#logger = logger;
  }

  start(): void {
    this.#waitForOthers();
    const every = (ms: number, name: string, work: () => Promise<void>): void =>
      void this.#timers.push(setInterval(() => this.#run(name, work), ms));
    every(seeEveryMs, 'see', () => this.#see());
    every(sweepEveryMs, 'sweep', () => this.#sweep());
  }

  /** Whoever was connected here is offline in a while, unless they are connected elsewhere by then. */
  async close(): Promise<void> {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    await Promise.all(this.#running.values());
  }

  /** Rejects when Redis is away; it is made up for within seconds after it is back. */
  async connected({ id, user }: SocketClient): Promise<void> {
    if (user === null) return;
    const here = this.#connections.get(user.id) ?? new Set();
    this.#connections.set(user.id, here.add(id));
    if (here.size === 1) await this.#online.see([user.id]);
  }

  disconnected({ id, user }: SocketClient): void {
    if (user === null) return;
    const here = this.#connections.get(user.id);
    here?.delete(id);
    if (here?.size === 0) this.#connections.delete(user.id);
  }

  /** A round that takes longer than its period has no second one beside it. */
  #run(name: string, work: () => Promise<void>): void {
    if (this.#running.has(name)) return;
    const round = work()
      .catch((error: unknown) => this.#logger.warn({ err: error, name }, 'presence could not be kept'))
      .finally(() => this.#running.delete(name));
    this.#running.set(name, round);
  }

  async #see(): Promise<void> {
    const users = [...this.#connections.keys()];
    try {
      for (let from = 0; from < users.length; from += batch) {
        await this.#online.see(users.slice(from, from + batch));
      }
    } catch (error) {
      this.#waitForOthers();
      throw error;
    }
  }

  /** After Redis was away, or all processes were: first everybody says whom they have. */
  #waitForOthers(): void {
    this.#sweepsFrom = Date.now() + 2 * seeEveryMs;
  }

  async #sweep(): Promise<void> {
    if (Date.now() < this.#sweepsFrom) return;
    if (!(await this.#online.takeTurn(sweepEveryMs - 100))) return;
    for (;;) {
      const away = await this.#online.listAway(batch);
      if (away.length === 0) return;
      // Stored first: whoever hears that somebody is offline finds when they were last seen.
      await this.#repo.saw(away);
      await this.#online.drop(away);
      if (away.length < batch) return;
    }
  }
}
