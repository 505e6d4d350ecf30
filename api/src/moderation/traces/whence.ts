import { AsyncLocalStorage } from 'node:async_hooks';

/** Where a request, or a message of a socket, comes from. */
export interface Whence {
  /** Of the client, behind the proxies that are trusted. */
  readonly address: string;
  /** The token of the device, as the client shows it; nobody has looked at it yet. */
  readonly device: string | undefined;
  /** As its program names itself. */
  readonly agent?: string | undefined;
}

/** For all code that runs for a request; empty in what the process does by itself. */
export const whence = new AsyncLocalStorage<Whence>();
