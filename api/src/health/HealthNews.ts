import type { Logger, Redis } from '@maydan/common';
import { streamHealth, type BroadcastHealth } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import type { Emitter } from '../realtime/Emitter.ts';
import { rooms } from '../realtime/rooms.ts';
import { healthKey } from '../sessions/healthKey.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import type { StageHealths } from '../stage/StageHealths.ts';

export interface HealthNewsDependencies {
  readonly redis: Redis;
  readonly sessions: Pick<SessionsService, 'findSteerable'>;
  readonly stage: Pick<StageHealths, 'of'>;
  readonly emitter: Pick<Emitter, 'emit'>;
  readonly logger: Logger;
}

/** Somebody listens: without it nothing is told, as each event goes through all processes and is kept for who comes back. */
const heardKey = (sessionId: string): string => `maydan:session:${sessionId}:healthHeard`;
/** It was told within the last second, by whichever process. */
const toldKey = (sessionId: string): string => `maydan:session:${sessionId}:healthTold`;
const heardMs = 90_000;
const renewAfterSec = 45;
const atMostEveryMs = 1_000;

/** Tells the studio live how its broadcast does (feature L15): what any process hears of, at most once a second. */
export class HealthNews {
  readonly #deps: HealthNewsDependencies;
  readonly #waiting = new Map<string, NodeJS.Timeout>();
  #isClosed = false;

  constructor(dependencies: HealthNewsDependencies) {
    this.#deps = dependencies;
  }

  /** Who may hear of it, as over REST. Throws `not_found` or `forbidden`. */
  async require(user: User, sessionId: string): Promise<void> {
    await this.#deps.sessions.findSteerable(user, sessionId, 'look');
  }

  /** Somebody listens for some time from now on, and how it is. */
  async heard(sessionId: string): Promise<{ health: BroadcastHealth; renewAfterSec: number }> {
    await this.#deps.redis.set(heardKey(sessionId), '1', 'PX', heardMs);
    return { health: await this.#read(sessionId), renewAfterSec };
  }

  /** A new report is stored. Never rejects: the next one comes soon. */
  async changed(sessionId: string): Promise<void> {
    // Who waits tells the newest.
    if (this.#isClosed || this.#waiting.has(sessionId)) return;
    try {
      const { redis, emitter } = this.#deps;
      if ((await redis.exists(heardKey(sessionId))) === 0) return;
      const key = toldKey(sessionId);
      if ((await redis.set(key, '1', 'PX', atMostEveryMs, 'NX')) === null)
        return this.#later(sessionId, await redis.pttl(key));
      await emitter.emit(rooms.health(sessionId), 'health:reported', { health: await this.#read(sessionId) });
    } catch (error) {
      this.#deps.logger.warn({ err: error, sessionId }, 'the health of a session was not told');
    }
  }

  /** Tells no more. */
  close(): void {
    this.#isClosed = true;
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
  }

  #later(sessionId: string, inMs: number): void {
    if (this.#isClosed || this.#waiting.has(sessionId)) return;
    const again = (): void => {
      this.#waiting.delete(sessionId);
      void this.changed(sessionId);
    };
    this.#waiting.set(sessionId, setTimeout(again, Math.max(10, inMs)));
  }

  async #read(sessionId: string): Promise<BroadcastHealth> {
    const { redis, stage } = this.#deps;
    const [text, ofStage] = await Promise.all([redis.get(healthKey(sessionId)), stage.of(sessionId)]);
    const stream = text === null ? null : streamHealth.parse(JSON.parse(text));
    return { sessionId, stream, stage: ofStage };
  }
}
