import type { Socket } from 'node:net';
import type { AppError } from '@maydan/common';
import { errorAnswer } from './errorAnswer.ts';
import type { Exchange } from './Exchange.ts';
import type { Sending } from './HttpExchange.ts';
import type { PreparedAnswer } from './PreparedAnswer.ts';
import { parseQuickRequest, type QuickRequest } from './quickRequest.ts';
import { remember } from './remember.ts';

export interface QuickConnectionOptions {
  readonly sending: Sending;
  /** Answers or holds a request; false when it is not for this lane. */
  readonly serve: (exchange: Exchange, request: QuickRequest) => boolean;
  /** Takes the connection over, with what was received of a request and not answered. */
  readonly handOver: (socket: Socket, received: Buffer) => void;
  readonly idleMs: number;
  readonly onClosed: () => void;
}

/** Browsers send about half a kilobyte. */
const LONGEST_REQUEST = 4096;

/** Viewers with the same player send the same bytes. */
const requestOf = remember(parseQuickRequest);

/**
 * A keep-alive connection in the quick lane: reads plain requests and writes answers that are ready as they are,
 * at about a third of what node:http costs. One request at a time; the first one that is unusual in any way
 * hands the connection over to node:http for good.
 */
export class QuickConnection implements Exchange {
  readonly #socket: Socket;
  readonly #options: QuickConnectionOptions;
  /** The request being answered. */
  #current: QuickRequest | null = null;
  #onGone: (() => void) | null = null;
  /** Received while an answer was under way. */
  #early: Buffer | null = null;
  #isClosing = false;

  constructor(socket: Socket, options: QuickConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.setTimeout(options.idleMs);
    for (const [event, listener] of this.#listeners) socket.on(event, listener);
  }

  get acceptsGzip(): boolean {
    return this.#current?.acceptsGzip ?? false;
  }

  get isOver(): boolean {
    return this.#current === null || this.#socket.destroyed;
  }

  onGone(listener: () => void): void {
    this.#onGone = listener;
  }

  send(answer: PreparedAnswer): void {
    const { metrics, deadlines } = this.#options.sending;
    metrics.answered(answer.kind, answer.status, answer.body.length);
    if (answer.isSmall) this.#socket.write(answer.whole());
    else {
      this.#socket.cork();
      this.#socket.write(answer.head(), 'latin1');
      this.#socket.write(answer.body, deadlines.watch(this.#socket, answer.body.length));
      this.#socket.uncork();
    }
    this.#finish();
  }

  sendFile(answer: PreparedAnswer): void {
    this.send(answer);
  }

  sendError(error: AppError): void {
    if (!this.isOver) this.send(errorAnswer(error, this.#current?.requestId));
  }

  /** Ends once the answer under way is sent. */
  close(): void {
    this.#isClosing = true;
    if (this.#current === null) this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  readonly #onData = (received: Buffer): void => {
    if (this.#current !== null || this.#socket.writableNeedDrain) return this.#keep(received);
    const request = received.length > LONGEST_REQUEST ? null : requestOf(received.toString('latin1'));
    this.#current = request;
    if (request === null || !this.#options.serve(this, request)) this.#handOver(received);
  };

  readonly #onDrain = (): void => {
    if (this.#current === null && this.#early !== null) this.#handOver(this.#early);
  };

  /** The client sends no more: whoever half-closes doesn't wait for a stream. */
  readonly #onEnd = (): void => {
    this.#socket.end();
    this.#leave();
  };

  readonly #onClose = (): void => {
    this.#leave();
    this.#options.onClosed();
  };

  readonly #onTimeout = (): void => void this.#socket.destroy();
  readonly #onError = (): void => undefined;

  readonly #listeners = [
    ['data', this.#onData],
    ['drain', this.#onDrain],
    ['end', this.#onEnd],
    ['close', this.#onClose],
    ['timeout', this.#onTimeout],
    ['error', this.#onError],
  ] as const;

  /** The next request came before the answer to this one was taken: nothing more is read until then. */
  #keep(received: Buffer): void {
    this.#early = this.#early ? Buffer.concat([this.#early, received]) : received;
    this.#socket.pause();
  }

  #finish(): void {
    this.#current = null;
    this.#onGone = null;
    if (this.#isClosing) this.#socket.end();
    else if (this.#early !== null && !this.#socket.writableNeedDrain) this.#handOver(this.#early);
  }

  #leave(): void {
    const gone = this.#onGone;
    this.#current = null;
    this.#onGone = null;
    gone?.();
  }

  #handOver(received: Buffer): void {
    this.#current = null;
    this.#early = null;
    for (const [event, listener] of this.#listeners) this.#socket.off(event, listener);
    this.#options.onClosed();
    this.#options.handOver(this.#socket, received);
  }
}
