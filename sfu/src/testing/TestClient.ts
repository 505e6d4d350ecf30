import { EventEmitter, once } from 'node:events';
import { errorBody, signalingEvents, signalingRequests } from '@maydan/contracts';
import type {
  ErrorCode,
  SignalingEvent,
  SignalingInput,
  SignalingOutput,
  SignalingPayload,
  SignalingRequest,
} from '@maydan/contracts';
import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';
import { opusParameters } from './rtp.ts';

/** What the sfu refused with. */
export class Refused extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

const answerTimeoutMs = 60_000;
const eventTimeoutMs = 60_000;

/** A client of the signaling that checks every answer and event against its schema, and keeps all events. */
export class TestClient {
  readonly socket: Socket;
  readonly events: { name: string; payload: unknown }[] = [];
  readonly #arrivals = new EventEmitter();
  room: SignalingOutput<'room.join'> | undefined;

  constructor(url: string, token: string) {
    this.socket = io(url, { path: '/sfu', auth: { token }, transports: ['websocket'], reconnection: false });
    this.socket.onAny((name: string, payload: unknown) => {
      this.events.push({ name, payload });
      this.#arrivals.emit('event');
    });
  }

  get peerId(): string {
    return this.room?.peerId ?? '';
  }

  /** @throws Refused */
  async connected(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.socket.once('connect', () => resolve());
      this.socket.once('connect_error', (error) => {
        const body = errorBody.safeParse('data' in error ? error.data : undefined);
        reject(body.success ? new Refused(body.data.error.code, body.data.error.message) : error);
      });
    });
  }

  async join(input: SignalingInput<'room.join'> = {}): Promise<SignalingOutput<'room.join'>> {
    this.room = await this.request('room.join', input);
    return this.room;
  }

  /** @throws Refused */
  async request<R extends SignalingRequest>(name: R, input: SignalingInput<R>): Promise<SignalingOutput<R>> {
    const answer = await this.raw(name, input);
    return signalingRequests[name].output.parse(answer) as SignalingOutput<R>;
  }

  /** Sends sound, as the mediasoup-client of somebody on stage would; gives the id of the producer. */
  async speak(): Promise<string> {
    const { transportId } = await this.request('transport.create', { direction: 'send' });
    const what = { kind: 'audio', source: 'microphone', rtpParameters: opusParameters() } as const;
    return (await this.request('producer.create', { transportId, ...what })).producerId;
  }

  /** Sends anything at all, and gives the data of the answer. @throws Refused */
  async raw(name: string, ...input: unknown[]): Promise<unknown> {
    const answer: unknown = await this.socket.timeout(answerTimeoutMs).emitWithAck(name, ...input);
    const refused = errorBody.safeParse(answer);
    if (refused.success) throw new Refused(refused.data.error.code, refused.data.error.message);
    if (typeof answer !== 'object' || answer === null || !('data' in answer)) throw new Error('no answer');
    return answer.data;
  }

  /** The events of a name so far. */
  all<E extends SignalingEvent>(name: E): SignalingPayload<E>[] {
    return this.events
      .filter((event) => event.name === name)
      .map(({ payload }) => signalingEvents[name].parse(payload) as SignalingPayload<E>);
  }

  /** The first event of the name that fits, also one that came before. */
  async event<E extends SignalingEvent>(
    name: E,
    fits: (payload: SignalingPayload<E>) => boolean = () => true,
  ): Promise<SignalingPayload<E>> {
    const signal = AbortSignal.timeout(eventTimeoutMs);
    for (;;) {
      const found = this.all(name).find(fits);
      if (found !== undefined) return found;
      await once(this.#arrivals, 'event', { signal }).catch(() => {
        throw new Error(`no ${name} in time; there came ${JSON.stringify(this.events)}`);
      });
    }
  }

  async disconnected(): Promise<void> {
    if (this.socket.connected) await once(this.#asEmitter(), 'disconnect');
  }

  close(): void {
    this.socket.close();
  }

  #asEmitter(): EventEmitter {
    const emitter = new EventEmitter();
    this.socket.once('disconnect', () => emitter.emit('disconnect'));
    return emitter;
  }
}
