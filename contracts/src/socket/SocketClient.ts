import { io, type Socket } from 'socket.io-client';
import { errorBody, errorTable, type ErrorCode } from '../errors.ts';
import {
  clientMessages,
  serverEvents,
  type MessageName,
  type MessageOutput,
  type MessagePayload,
  type ServerEventName,
  type ServerEventPayload,
} from './index.ts';

/** A message that was refused or not answered, by the code of the one error table. */
export class SocketRefusal extends Error {
  readonly code: ErrorCode;
  readonly details: unknown;

  constructor(code: ErrorCode, message: string = errorTable[code].message, details?: unknown) {
    super(message);
    this.name = 'SocketRefusal';
    this.code = code;
    this.details = details;
  }

  /** Whether the same message may succeed later. One that was not answered may have been done. */
  get retry(): boolean {
    return errorTable[this.code].retry;
  }
}

export interface SocketClientOptions {
  /** Origin of the api, for example `http://localhost:8080`. */
  readonly baseUrl: string;
  /** A token that is good for some time yet, renewed if need be; undefined connects as a guest. */
  readonly accessToken?: () => Promise<string | undefined>;
  /** As of `createApiClient`. */
  readonly deviceToken?: () => string | undefined;
}

export interface ConnectionListener {
  /** Not recovered: what happened meanwhile was missed, and rooms are to be joined (again). */
  connected?(recovered: boolean): void;
  disconnected?(): void;
}

const answerMs = 10_000;
const comeBackMs = 2_000;
const renewMs = 5_000;

/**
 * A typed client of the api's sockets, for browsers and Node. It comes back by itself whatever ended the connection, with a
 * new token where that was the reason, and renews its token in place. After a short loss it is told what it missed.
 */
export class SocketClient {
  readonly #socket: Socket;
  readonly #options: SocketClientOptions;
  #token: string | undefined;
  #comingBack: ReturnType<typeof setTimeout> | undefined;
  #renewing: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(options: SocketClientOptions) {
    this.#options = options;
    this.#socket = io(options.baseUrl, {
      forceNew: true,
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
      reconnectionDelayMax: 10_000,
      auth: (send) => void this.#credentials().then(send),
    });
    // Socket.IO itself comes back from a lost line alone, not from a refusal.
    this.#socket.on('connect_error', () => this.#comeBack());
    this.#socket.on('disconnect', () => {
      clearTimeout(this.#renewing);
      this.#comeBack();
    });
    this.on('connection:expiring', () => this.#renew());
  }

  get connected(): boolean {
    return this.#socket.connected;
  }

  /** Sends a message; waits for the connection if need be. Rejects with `SocketRefusal`; `timeout` when no answer came. */
  async ask<N extends MessageName>(name: N, payload: MessagePayload<N>): Promise<MessageOutput<N>> {
    if (this.#closed) throw new SocketRefusal('unavailable');
    const event: string = name;
    let answer: unknown;
    try {
      answer = await this.#socket.timeout(answerMs).emitWithAck(event, payload);
    } catch {
      throw new SocketRefusal('timeout');
    }
    const refused = errorBody.safeParse(answer);
    if (refused.success) {
      const { code, message, details } = refused.data.error;
      throw new SocketRefusal(code, message, details);
    }
    const parsed = clientMessages[name].output.safeParse(answer);
    if (!parsed.success) throw new SocketRefusal('internal', `${name}: ${parsed.error.message}`);
    return parsed.data as MessageOutput<N>;
  }

  /** Calls back with each payload that is as agreed, until the returned function is called. */
  on<E extends ServerEventName>(event: E, listener: (payload: ServerEventPayload<E>) => void): () => void {
    const heard = (payload: unknown): void => {
      const parsed = serverEvents[event].safeParse(payload);
      if (parsed.success) listener(parsed.data as ServerEventPayload<E>);
    };
    const name: string = event;
    this.#socket.on(name, heard);
    return () => void this.#socket.off(name, heard);
  }

  /** Reports connections, also the present one, until the returned function is called. */
  watch(listener: ConnectionListener): () => void {
    const up = (): void => listener.connected?.(this.#socket.recovered);
    const down = (): void => listener.disconnected?.();
    this.#socket.on('connect', up);
    this.#socket.on('disconnect', down);
    if (this.connected) listener.connected?.(false);
    return () => {
      this.#socket.off('connect', up);
      this.#socket.off('disconnect', down);
    };
  }

  /** Another account: a new connection, which goes on with nothing of the old one. */
  restart(): void {
    if (!this.#closed) this.#socket.disconnect().connect();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#comingBack);
    clearTimeout(this.#renewing);
    this.#socket.disconnect();
  }

  async #credentials(): Promise<{ token?: string; device?: string }> {
    this.#token = await this.#options.accessToken?.().catch(() => undefined);
    const device = this.#options.deviceToken?.();
    return {
      ...(this.#token === undefined ? {} : { token: this.#token }),
      ...(device === undefined ? {} : { device }),
    };
  }

  #comeBack(): void {
    if (this.#closed || this.#socket.active) return;
    clearTimeout(this.#comingBack);
    this.#comingBack = setTimeout(() => this.#socket.connect(), comeBackMs);
  }

  /** Asks for a newer token until there is one; without one the api ends the connection, and it comes back. */
  #renew(): void {
    clearTimeout(this.#renewing);
    const again = (): void => void (this.#renewing = setTimeout(() => this.#renew(), renewMs));
    void this.#options
      .accessToken?.()
      .then(async (token) => {
        if (this.#closed || !this.connected) return;
        if (token === undefined || token === this.#token) return again();
        await this.ask('connection:renew', { token });
        this.#token = token;
      })
      .catch(again);
  }
}
