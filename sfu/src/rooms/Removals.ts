import { joinTokenLifetimeSec } from '@maydan/contracts';
import type { JoinClaims } from '@maydan/contracts';
import { isOnStage } from './rights.ts';
import { isRemoved } from './Whom.ts';
import type { Removed } from './Whom.ts';

interface Removal {
  /** Null: everybody of the session. */
  readonly whom: Removed | null;
  /** A co-host who was taken off the stage may go on watching. */
  readonly onlyStage: boolean;
  readonly atSec: number;
}

/** In place of a session's id. */
const everywhere = '*';

/**
 * Who was sent out of a room: their join tokens are good for minutes more, but are refused here. A token minted
 * afterwards is taken, as the api knows best.
 */
export class Removals {
  readonly #bySession = new Map<string, Removal[]>();

  add(sessionId: string, whom: Removed | null, onlyStage: boolean, nowMs = Date.now()): void {
    const atSec = Math.floor(nowMs / 1_000);
    this.#forget(atSec);
    const removals = this.#bySession.get(sessionId) ?? [];
    this.#bySession.set(sessionId, [...removals, { whom, onlyStage, atSec }]);
  }

  /** Of all sessions. */
  addEverywhere(whom: Removed, nowMs = Date.now()): void {
    this.add(everywhere, whom, false, nowMs);
  }

  /** True when the token was minted before its bearer was sent out. */
  refuses(claims: Pick<JoinClaims, 'sessionId' | 'peerId' | 'userId' | 'role' | 'iat'>): boolean {
    const removals = [claims.sessionId, everywhere].flatMap((id) => this.#bySession.get(id) ?? []);
    return removals.some(
      ({ whom, onlyStage, atSec }) =>
        claims.iat <= atSec &&
        (!onlyStage || isOnStage(claims.role)) &&
        (whom === null || isRemoved(whom, claims)),
    );
  }

  /** Tokens minted before have expired by themselves. */
  #forget(nowSec: number): void {
    for (const [sessionId, removals] of this.#bySession) {
      const kept = removals.filter(({ atSec }) => nowSec - atSec <= joinTokenLifetimeSec);
      if (kept.length === 0) this.#bySession.delete(sessionId);
      else this.#bySession.set(sessionId, kept);
    }
  }
}
