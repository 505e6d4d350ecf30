import type { Pair } from './load.ts';

/** One of the two that are compared: the two of each pair are connected to different processes. */
export interface Side {
  readonly pairs: readonly Pair[];
  /** The processes that clients are connected to. */
  readonly pids: readonly number[];
  /** Messages in the database; null where nothing is stored. */
  countStored(): Promise<number | null>;
  close(): Promise<void>;
}
