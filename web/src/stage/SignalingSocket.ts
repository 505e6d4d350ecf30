import {
  errorBody,
  errorCode,
  errorTable,
  signalingAliveMs,
  signalingEvents,
  signalingRequests,
} from '@maydan/contracts';
import type { ErrorCode, SignalingInput, SignalingOutput, SignalingRequest } from '@maydan/contracts';
import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';
import type { SignalingMessage } from './signalled.ts';

/** A refused or unanswered request, by the code of the one error table. */
export class SignalingError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string = errorTable[code].message) {
    super(message);
    this.name = 'SignalingError';
    this.code = code;
  }
}

export interface SignalingListener {
  message(message: SignalingMessage): void;
  /** Once, when the connection is gone by itself; not after `close()`, nor before it is there. */
  lost(): void;
  /** Nothing came for so long that the sfu may be gone without a word, also while connecting; again after it was heard again. */
  silent(): void;
}

/** The sfu says that it is there each 1.5 s (`alive`, or a ping). */
const silentMs = signalingAliveMs + 1_000;
const connectTimeoutMs = 3_000;
const answerTimeoutMs = 5_000;

/** One connection to the sfu: it is never opened again, the client makes another. */
export class SignalingSocket {
  private readonly socket: Socket;
  private readonly listener: SignalingListener;
  private closed = false;
  private silenceTimer: ReturnType<typeof setTimeout> | undefined;
  private silent = false;

  /** Begins to connect. */
  constructor(url: string, token: string, listener: SignalingListener) {
    const socket = io(url, {
      path: '/sfu',
      auth: { token },
      reconnection: false,
      forceNew: true,
      timeout: connectTimeoutMs,
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
    });
    this.socket = socket;
    this.listener = listener;
    this.heard();
    socket.on('connect', () => {
      this.heard();
      socket.io.engine.on('packet', () => this.heard());
    });
    socket.on('disconnect', () => {
      clearTimeout(this.silenceTimer);
      if (this.closed) return;
      this.closed = true;
      listener.lost();
    });
    socket.onAny((event: string, payload: unknown) => {
      const message = parseMessage(event, payload);
      if (message && !this.closed) listener.message(message);
    });
  }

  /** Rejects with `SignalingError`: the sfu's own code, `timeout` when nothing came, `unavailable` when it can't be reached. */
  async connected(): Promise<void> {
    try {
      await connected(this.socket);
    } catch (error) {
      const { isSilent } = this;
      this.close();
      const isUnknown = error instanceof SignalingError && error.code === 'unavailable';
      throw isSilent && isUnknown ? new SignalingError('timeout') : error;
    }
  }

  /** Whether nothing comes from the sfu any more, though the connection isn't lost yet. */
  get isSilent(): boolean {
    return this.silent && !this.closed;
  }

  /** Rejects with `SignalingError`; `timeout` when no answer came. */
  async request<R extends SignalingRequest>(name: R, input: SignalingInput<R>): Promise<SignalingOutput<R>> {
    if (this.closed) throw new SignalingError('unavailable');
    let answer: unknown;
    try {
      answer = await this.socket.timeout(answerTimeoutMs).emitWithAck(name, input);
    } catch {
      throw new SignalingError(this.closed ? 'unavailable' : 'timeout');
    }
    const refusal = errorBody.safeParse(answer);
    if (refusal.success) throw new SignalingError(refusal.data.error.code, refusal.data.error.message);
    const data = typeof answer === 'object' && answer !== null && 'data' in answer ? answer.data : undefined;
    const parsed = signalingRequests[name].output.safeParse(data);
    if (!parsed.success) throw new SignalingError('internal', `${name}: ${parsed.error.message}`);
    return parsed.data as SignalingOutput<R>;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.silenceTimer);
    this.socket.disconnect();
  }

  private heard(): void {
    clearTimeout(this.silenceTimer);
    this.silent = false;
    if (this.closed) return;
    this.silenceTimer = setTimeout(() => {
      this.silent = true;
      this.listener.silent();
    }, silentMs);
  }
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    // What a broken network never answers, not even with an error, ends here.
    const timer = setTimeout(() => reject(new SignalingError('unavailable')), 2 * connectTimeoutMs);
    const settle = (done: () => void): void => {
      clearTimeout(timer);
      done();
    };
    socket.once('connect', () => settle(resolve));
    socket.once('connect_error', (error) => settle(() => reject(refusalOf(error))));
    socket.once('disconnect', () => settle(() => reject(new SignalingError('unavailable'))));
  });
}

/** The sfu refuses a handshake with the one error body as data; a lost connection has none. */
function refusalOf(error: Error & { data?: unknown }): SignalingError {
  const body = errorBody.safeParse(error.data);
  if (body.success) return new SignalingError(body.data.error.code, body.data.error.message);
  const code = errorCode.safeParse(error.message);
  return new SignalingError(code.success ? code.data : 'unavailable');
}

const isEvent = (name: string): name is SignalingMessage['event'] =>
  name !== 'alive' && Object.hasOwn(signalingEvents, name);

/** An event as its schema knows it; null for `alive`, which is heard as any packet is, and for what a newer sfu may send besides. */
export function parseMessage(event: string, payload: unknown): SignalingMessage | null {
  if (!isEvent(event)) return null;
  const parsed = signalingEvents[event].safeParse(payload);
  return parsed.success ? ({ event, payload: parsed.data } as SignalingMessage) : null;
}
