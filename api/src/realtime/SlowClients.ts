import type { Logger } from '@maydan/common';

/** A connection whose client may be slow. */
export interface Backlog {
  readonly id: string;
  /** Bytes that wait here for the client, about. */
  readonly waitingBytes: number;
  drop(): void;
}

const lookMs = 1_000;
/** Looks in a row at which too much waits: who only was away for a moment catches up. */
const patience = 10;
/** So many times as much is too much at once. What somebody missed in two minutes comes together. */
const atOnce = 8;

/**
 * Drops the lines of clients that don't take what they are told, so that memory doesn't grow for them, whatever they pretend: a
 * client that answers pings needs not read. They come back by themselves and are told what they missed.
 */
export class SlowClients {
  readonly #connections: () => Iterable<Backlog>;
  readonly #maxBytes: number;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  /** Looks in a row, by connection. */
  #behind = new Map<string, number>();

  constructor(connections: () => Iterable<Backlog>, maxBytes: number, logger: Logger) {
    this.#connections = connections;
    this.#maxBytes = maxBytes;
    this.#logger = logger;
    this.#timer = setInterval(() => this.look(), lookMs);
  }

  look(): void {
    const behind = new Map<string, number>();
    for (const connection of this.#connections()) {
      const { id, waitingBytes } = connection;
      if (waitingBytes <= this.#maxBytes) continue;
      const looks = (this.#behind.get(id) ?? 0) + 1;
      if (looks < patience && waitingBytes <= this.#maxBytes * atOnce) {
        behind.set(id, looks);
        continue;
      }
      this.#logger.info({ socketId: id, waitingBytes }, 'a client was too slow');
      connection.drop();
    }
    this.#behind = behind;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
