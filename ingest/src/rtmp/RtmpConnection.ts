import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { FactOf } from '@maydan/contracts';
import { RtmpWire, type StreamRequest, type WireLimits } from '../nms/rtmpWire.ts';
import { ProtocolError, type MediaMessage } from './messages.ts';

/** Why a connection ended; the reasons of a publish that had been accepted are those of its fact. */
export type CloseReason = FactOf<'ingest.unpublished'>['reason'] | 'refused' | 'handshakeTimedOut';

export interface ConnectionEvents {
  /** Asked to publish; the connection is held until `accept`, `refuse` or `close`. */
  publishRequested(connection: RtmpConnection, request: StreamRequest): void;
  /** Asked to play; to be refused. */
  playRequested(connection: RtmpConnection): void;
  bytesReceived(byteLength: number): void;
  /** Once; nothing of the connection is passed on afterwards. `cause` tells what was wrong with the data. */
  closed(connection: RtmpConnection, reason: CloseReason, cause: string | undefined): void;
}

export interface ConnectionTimeouts {
  /** From the first byte to the request to publish. */
  readonly handshakeMs: number;
  /** Silence of a publisher. */
  readonly publishMs: number;
}

const mebibyte = 2 ** 20;
/** Handshake and commands are well under 8 KiB; nobody has been asked yet who this is. */
const openingLimits: WireLimits = { messageBytes: 16 * 1024, totalBytes: 128 * 1024, chunkStreams: 16 };
const openingBytes = 64 * 1024;
/** What an encoder that doesn't wait for the answer had in the same packets as its request. */
const heldLimits: WireLimits = { messageBytes: mebibyte, totalBytes: 2 * mebibyte, chunkStreams: 32 };
const publishingLimits: WireLimits = {
  messageBytes: 8 * mebibyte,
  totalBytes: 24 * mebibyte,
  chunkStreams: 32,
};
/** Answers nobody reads. */
const unreadBytes = mebibyte;
/** Time for the refusal to be read before the socket is destroyed. */
const lingerMs = 500;

type State = 'opening' | 'held' | 'publishing' | 'closed';

/**
 * One client of the RTMP port: opening → held (asked to publish, nothing more is read) → publishing → closed.
 * Whatever it sends, an error ends this connection alone.
 */
export class RtmpConnection {
  readonly id = randomUUID();
  readonly remoteAddress: string;
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  readonly #timeouts: ConnectionTimeouts;
  readonly #wire: RtmpWire;
  readonly #held: MediaMessage[] = [];
  #sink: (message: MediaMessage) => void = () => undefined;
  #state: State = 'opening';
  #timer: NodeJS.Timeout;

  constructor(socket: Socket, remoteAddress: string, events: ConnectionEvents, timeouts: ConnectionTimeouts) {
    this.#socket = socket;
    this.remoteAddress = remoteAddress;
    this.#events = events;
    this.#timeouts = timeouts;
    this.#wire = new RtmpWire(
      socket,
      {
        publishRequested: (request) => this.#hold(request),
        playRequested: () => this.#refusePlay(),
        streamDeleted: () => this.close('closed'),
        messageReceived: (message) => this.#receiveMessage(message),
      },
      openingLimits,
    );
    this.#timer = setTimeout(() => this.close('handshakeTimedOut'), timeouts.handshakeMs);
    socket.setNoDelay(true);
    socket.on('data', (data) => this.#receive(data));
    socket.on('close', () => this.close('closed'));
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /**
   * Tells the client that it is published. Its media goes to `sink` in order, first what it sent while it was
   * held. Does nothing unless the connection is held.
   */
  accept(sink: (message: MediaMessage) => void): void {
    if (this.#state !== 'held') return;
    this.#sink = sink;
    this.#state = 'publishing';
    this.#wire.limits = publishingLimits;
    this.#timer = setTimeout(() => this.close('timedOut'), this.#timeouts.publishMs);
    this.#wire.sendStatus('status', 'NetStream.Publish.Start', 'Publishing.');
    for (const message of this.#held.splice(0)) this.#receiveMessage(message);
    this.#socket.resume();
  }

  /** Says why (ASCII only) and closes. What the client still sends is thrown away unread. */
  refuse(code: string, description: string): void {
    if (this.#state === 'closed') return;
    this.#wire.sendStatus('error', code, description);
    this.#finish('refused', undefined);
    this.#socket.end();
    this.#socket.resume();
    const linger = setTimeout(() => this.#socket.destroy(), lingerMs);
    this.#socket.once('close', () => clearTimeout(linger));
  }

  /** Ends the connection at once. Idempotent. */
  close(reason: CloseReason, cause?: string): void {
    this.#finish(reason, cause);
    this.#socket.destroy();
  }

  #finish(reason: CloseReason, cause: string | undefined): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#timer);
    this.#held.length = 0;
    this.#events.closed(this, reason, cause);
  }

  #receive(data: Buffer): void {
    if (this.#state === 'closed') return;
    this.#events.bytesReceived(data.length);
    if (this.#state === 'publishing') this.#timer.refresh();
    try {
      this.#wire.receive(data);
      if (this.#state === 'opening' && this.#wire.receivedBytes > openingBytes) {
        throw new ProtocolError('too much before a publish');
      }
      if (this.#socket.writableLength > unreadBytes) throw new ProtocolError('answers are not read');
    } catch (error) {
      // The parser throws plain errors (RangeError, TypeError) on garbage; they are the peer's fault alike.
      this.close('badData', error instanceof Error ? error.message : String(error));
    }
  }

  #hold(request: StreamRequest): void {
    if (this.#state === 'closed') return;
    if (this.#state !== 'opening') throw new ProtocolError('a second publish');
    this.#state = 'held';
    this.#wire.limits = heldLimits;
    clearTimeout(this.#timer);
    this.#socket.pause();
    this.#events.publishRequested(this, request);
  }

  #refusePlay(): void {
    if (this.#state === 'closed') return;
    if (this.#state !== 'opening') throw new ProtocolError('a play beside a publish');
    this.#events.playRequested(this);
  }

  #receiveMessage(message: MediaMessage): void {
    switch (this.#state) {
      case 'publishing':
        return this.#sink(message);
      case 'held':
        this.#held.push({ ...message, payload: Buffer.from(message.payload) });
        return;
      case 'opening':
        throw new ProtocolError('media before a publish');
      case 'closed':
        return;
    }
  }
}
