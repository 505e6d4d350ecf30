import { errorBody } from '../errors.ts';

/** What is told about the connection itself. */
export const connectionEvents = {
  /** The api disconnects now, and why: `token_expired` comes back with a new token, `token_invalid` signs in again. */
  'connection:ended': errorBody,
} as const;
