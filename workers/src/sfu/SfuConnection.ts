import { EventEmitter } from 'node:events';
import { AppError, isConnectionRefused, type Logger } from '@maydan/common';
import {
  errorBody,
  signalingRequests,
  type SignalingInput,
  type SignalingOutput,
  type SignalingRequest,
} from '@maydan/contracts';
import { io, type Socket } from 'socket.io-client';

export interface SfuConnectionOptions {
  readonly url: string;
  /** Called for each connection, since a token lives for minutes only. */
  readonly mintToken: () => string;
  readonly log: Logger;
}

export interface SfuConnectionEvents {
  /** Connected again after a loss; the peer has to join first. */
  reconnected: [];
  /** Last event, comes once: the connection couldn't be taken up again, or the sfu ended it. */
  closed: [];
}

interface Answer {
  readonly data?: unknown;
  readonly error?: unknown;
}
/** Names and payloads are checked by their schemas, not by Socket.IO's types. */
interface Outgoing {
  [request: string]: (input: unknown, answer: (answer: Answer) => void) => void;
}
interface Incoming {
  [event: string]: (payload: unknown) => void;
}

const answerMs = 5_000;
const connectMs = 3_000;
/** A network that fails for a moment is back within this; the sfu keeps a lost peer about as long. */
const reconnectMs = 5_000;

/** The Socket.IO connection of one peer to one sfu node. */
export class SfuConnection extends EventEmitter<SfuConnectionEvents> {
  readonly #socket: Socket<Incoming, Outgoing>;
  readonly #log: Logger;
  #early: [name: string, payload: unknown][] = [];
  #deliver = (name: string, payload: unknown): void => void this.#early.push([name, payload]);
  #deadline: NodeJS.Timeout | null = null;
  #isClosed = false;

  /** @throws AppError `unavailable` when the node doesn't answer in time, or the code it refuses the token with. */
  static async open(options: SfuConnectionOptions): Promise<SfuConnection> {
    const socket: Socket<Incoming, Outgoing> = io(options.url, {
      path: '/sfu',
      transports: ['websocket'],
      auth: (give) => give({ token: options.mintToken() }),
      reconnectionDelay: 100,
      reconnectionDelayMax: 500,
      timeout: connectMs,
      forceNew: true,
    });
    try {
      await connected(socket);
    } catch (error) {
      socket.disconnect();
      throw error;
    }
    return new SfuConnection(socket, options.log);
  }

  private constructor(socket: Socket<Incoming, Outgoing>, log: Logger) {
    super();
    this.#socket = socket;
    this.#log = log;
    socket.onAny((name: string, payload: unknown) => this.#deliver(name, payload));
    socket.on('connect', () => {
      this.#stopWaiting();
      this.emit('reconnected');
    });
    socket.on('disconnect', (reason) => this.#lost(reason));
    socket.on('connect_error', (error) => {
      // Refused by the sfu itself: Socket.IO doesn't try again by itself then. A process that is gone has taken our peer along.
      if (!socket.active || isConnectionRefused(error)) this.#finish();
    });
  }

  /** Events from now on go to the listener, first of all those that have come already. */
  deliverTo(listener: (name: string, payload: unknown) => void): void {
    this.#deliver = listener;
    for (const [name, payload] of this.#early.splice(0)) listener(name, payload);
  }

  /** @throws AppError as the sfu answered; `unavailable` while the connection is away; `timeout`. */
  async request<R extends SignalingRequest>(name: R, input: SignalingInput<R>): Promise<SignalingOutput<R>> {
    if (!this.#socket.connected) throw new AppError('unavailable', 'The sfu is away.');
    const answer = await this.#ask(name, input);
    const refusal = errorBody.safeParse(answer);
    if (refusal.success) {
      const { code, message, details } = refusal.data.error;
      throw new AppError(code, `${name}: ${message}`, details);
    }
    return signalingRequests[name].output.parse(answer.data) as SignalingOutput<R>;
  }

  #ask(name: string, input: unknown): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#socket.timeout(answerMs).emit(name, input, (cause: Error | null, answer: Answer) => {
        if (cause === null) resolve(answer);
        else reject(new AppError('timeout', `The sfu gave no answer to ${name}.`, undefined, { cause }));
      });
    });
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#stopWaiting();
    this.#socket.disconnect();
  }

  #lost(reason: string): void {
    if (this.#isClosed) return;
    this.#log.info({ reason }, 'connection to the sfu lost');
    // The sfu hung up on purpose: Socket.IO leaves it at that.
    if (!this.#socket.active) return this.#finish();
    this.#deadline = setTimeout(() => this.#finish(), reconnectMs);
  }

  #stopWaiting(): void {
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    this.#deadline = null;
  }

  #finish(): void {
    if (this.#isClosed) return;
    this.close();
    this.emit('closed');
  }
}

function connected(socket: Socket<Incoming, Outgoing>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(new AppError('unavailable', 'The sfu is not there.')), connectMs);
    const settle = (error: AppError | null): void => {
      clearTimeout(timer);
      socket.off('connect', onConnect);
      socket.off('connect_error', onError);
      if (error === null) resolve();
      else reject(error);
    };
    const onConnect = (): void => settle(null);
    const onError = (error: Error & { data?: unknown }): void => {
      const refusal = errorBody.safeParse(error.data);
      const code = refusal.success ? refusal.data.error.code : 'unavailable';
      settle(new AppError(code, `The sfu can't be reached: ${error.message}`, undefined, { cause: error }));
    };
    socket.on('connect', onConnect);
    socket.on('connect_error', onError);
  });
}
