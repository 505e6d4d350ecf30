import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { waitFor } from '../waitFor.ts';
import { decodeAmf, encodeAmf, isObject, type AmfValue } from './amf0.ts';
import { ChunkReader, encodeChunks, encodeDeltaChunks } from './chunks.ts';

export interface RtmpStatus {
  readonly level: string;
  readonly code: string;
  readonly description: string;
}

export interface RtmpClientOptions {
  readonly port: number;
  readonly host?: string;
  /** RTMPS, whatever the certificate. */
  readonly tls?: boolean;
}

const handshakeBytes = 1536;
const messageType = { audio: 8, video: 9, data: 18, command: 20 } as const;
const chunkStreams = { command: 3, audio: 4, video: 5, data: 6 } as const;
const publishStream = 1;

/**
 * An RTMP publisher that does exactly what a test tells it, step by step, also what no encoder would do. Whoever
 * opens it calls `destroy`.
 */
export class RtmpClient {
  readonly socket: Socket;
  /** Everything the server told by `onStatus`, in order. */
  readonly statuses: RtmpStatus[] = [];
  /** Values of each `_result` after its name and number, in order: of `connect` first. */
  readonly results: (readonly AmfValue[])[] = [];
  /** Types of the messages the server sent. */
  readonly receivedTypes: number[] = [];
  readonly #reader = new ChunkReader();
  #handshake = Buffer.alloc(0);
  #chunkSize = 128;

  /** Opens the connection and nothing more. */
  static async open({ port, host = '127.0.0.1', tls }: RtmpClientOptions): Promise<RtmpClient> {
    const socket =
      tls === true ? connectTls({ port, host, rejectUnauthorized: false }) : connectTcp({ port, host });
    const client = new RtmpClient(socket);
    await once(socket, tls === true ? 'secureConnect' : 'connect');
    return client;
  }

  /** Opens a connection and asks to publish, up to the `publish` command; the answer isn't waited for. */
  static async publish(options: RtmpClientOptions, streamKey: string, app = 'live'): Promise<RtmpClient> {
    const client = await RtmpClient.open(options);
    await client.shakeHands();
    await client.connect(app);
    client.publish(streamKey);
    return client;
  }

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (data) => this.#receive(data));
    // A reset is one of the ways a server refuses; `isClosed` tells.
    socket.on('error', () => undefined);
  }

  get isClosed(): boolean {
    return this.socket.closed || this.socket.readableEnded;
  }

  async shakeHands(): Promise<void> {
    this.write(Buffer.concat([Buffer.from([3]), Buffer.alloc(handshakeBytes)]));
    await waitFor('the handshake', () => this.#handshake.length >= 1 + 2 * handshakeBytes, { everyMs: 5 });
    this.write(this.#handshake.subarray(1, 1 + handshakeBytes));
  }

  /** `connect` and `createStream`. */
  async connect(app = 'live', properties: Readonly<Record<string, AmfValue>> = {}): Promise<void> {
    const tcUrl = `rtmp://127.0.0.1/${app}`;
    this.command('connect', 1, { app, type: 'nonprivate', tcUrl, ...properties });
    await waitFor('the connection', () => this.results.length >= 1, { everyMs: 5 });
    this.command('createStream', 2, null);
    await waitFor('the stream', () => this.results.length >= 2, { everyMs: 5 });
  }

  publish(streamKey: string): void {
    this.command('publish', 3, null, streamKey, 'live');
  }

  command(name: string, transaction: number, ...values: readonly AmfValue[]): void {
    this.write(this.commandBytes(name, transaction, ...values));
  }

  commandBytes(name: string, transaction: number, ...values: readonly AmfValue[]): Buffer {
    const payload = encodeAmf(name, transaction, ...values);
    const message = { type: messageType.command, timestampMs: 0, streamId: publishStream, payload };
    return encodeChunks(message, chunkStreams.command, this.#chunkSize);
  }

  send(kind: 'audio' | 'video' | 'data', timestampMs: number, payload: Buffer): void {
    this.write(this.mediaBytes(kind, timestampMs, payload));
  }

  mediaBytes(kind: 'audio' | 'video' | 'data', timestampMs: number, payload: Buffer): Buffer {
    const message = { type: messageType[kind], timestampMs, streamId: publishStream, payload };
    return encodeChunks(message, chunkStreams[kind], this.#chunkSize);
  }

  /** Like `send`, with the time as a delta to the message of this kind before. */
  sendDelta(kind: 'audio' | 'video', deltaMs: number, payload: Buffer): void {
    const message = { type: messageType[kind], timestampMs: deltaMs, payload };
    this.write(encodeDeltaChunks(message, chunkStreams[kind], this.#chunkSize));
  }

  setChunkSize(chunkSize: number): void {
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(chunkSize);
    this.write(encodeChunks({ type: 1, timestampMs: 0, streamId: 0, payload }, 2, this.#chunkSize));
    this.#chunkSize = chunkSize;
  }

  /** Any bytes. */
  write(bytes: Buffer): void {
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  /** The next status that isn't known yet, or the one at `index`. */
  waitForStatus(index = 0): Promise<RtmpStatus> {
    return waitFor('a status', () => this.statuses[index], { everyMs: 5 });
  }

  async waitUntilClosed(timeoutMs = 30_000): Promise<void> {
    await waitFor('the end of the connection', () => this.isClosed, { everyMs: 5, timeoutMs });
  }

  destroy(): void {
    this.socket.destroy();
  }

  #receive(data: Buffer): void {
    const missing = Math.max(0, 1 + 2 * handshakeBytes - this.#handshake.length);
    this.#handshake = Buffer.concat([this.#handshake, data.subarray(0, missing)]);
    for (const { type, payload } of this.#reader.read(data.subarray(missing))) {
      this.receivedTypes.push(type);
      if (type === messageType.command) this.#answer(decodeAmf(payload));
    }
  }

  #answer([name, , ...values]: readonly AmfValue[]): void {
    if (name === '_result') this.results.push(values);
    const [, info] = values;
    if (name !== 'onStatus' || !isObject(info)) return;
    const { level, code, description } = info;
    this.statuses.push({ level: text(level), code: text(code), description: text(description) });
  }
}

const text = (value: AmfValue | undefined): string => (typeof value === 'string' ? value : '');
