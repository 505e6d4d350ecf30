import type { GuessLimiter, Logger } from '@maydan/common';
import type { Rooms } from '../rooms/Rooms.ts';
import type { WhipAuthorizer } from './WhipAuthorizer.ts';

/** What WHIP and WHEP need of their node. */
export interface WhipDependencies {
  readonly rooms: Rooms;
  readonly authorizer: WhipAuthorizer;
  /** Bounds how many stream keys an address can try. */
  readonly guesses: GuessLimiter;
  readonly internalSecret: string;
  /** Under which clients reach this node; null: they take the host they asked. */
  readonly publicUrl: string | null;
  /** How long a client stays in its room after its connection was lost. */
  readonly graceMs: number;
  readonly logger: Logger;
}
