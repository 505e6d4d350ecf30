import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { mayBePublicHost } from '@maydan/common';
import type { RestreamAddress } from '@maydan/contracts';
import { decodeAmf0, encodeAmf0, type AmfObject, type AmfValue } from '../../source/flv/amf0.ts';
import type { FlvTag } from '../../source/flv/FlvParser.ts';
import { Patience } from '../../source/Patience.ts';
import { BoundedWriter } from './BoundedWriter.ts';
import { ChunkError, ChunkReader } from './ChunkReader.ts';
import { encodeChunks, messageType, type RtmpMessage } from './chunks.ts';
import { connectTarget, type TargetConnection } from './connectTarget.ts';
import { connectFault, fault, type PushFault } from './PushFault.ts';

export interface RtmpPushOptions extends TargetConnection {
  readonly address: RestreamAddress;
  readonly streamKey: string;
  /** Codecs of Enhanced RTMP that the source comes in; older servers aren't asked about any. */
  readonly fourCcs: readonly string[];
  /** From the beginning to the target's consent, but for time in which this process stood still. */
  readonly answerMs: number;
}

const handshakeBytes = 1536;
const rtmpVersion = 3;
const chunkSize = 4_096;
const chunkStreams = { control: 2, command: 3, media: 4 } as const;
const userControl = { pingRequest: 6, pingResponse: 7 } as const;
const farewellMs = 1_000;
const metadataOrder = encodeAmf0('@setDataFrame');
const noPayload = new Uint8Array(0);

/** How far a connection has come. */
type Step = 'opening' | 'handshake' | 'connect' | 'createStream' | 'publish' | 'published' | 'over';

/**
 * One publish to an RTMP or RTMPS server, from the connection to its end (RTMP 1.0 §5.2, §7.2; Enhanced RTMP v2). What is
 * sent waits in memory while the target takes it: the owner watches `writer` and ends what stalls. Single use.
 */
export class RtmpPush {
  readonly #options: RtmpPushOptions;
  readonly #reader = new ChunkReader();
  readonly #socket: Socket;
  readonly writer: BoundedWriter;
  readonly #deadline: Patience;
  readonly #published = Promise.withResolvers<boolean>();
  readonly #ended = Promise.withResolvers<PushFault | null>();
  readonly #accepted = new Set<string>();
  #step: Step = 'opening';
  #handshake: Buffer<ArrayBuffer> | null = Buffer.alloc(0);
  #streamId = 0;
  #receivedBytes = 0;
  #acknowledgedBytes = 0;
  #windowBytes = 0;

  constructor(options: RtmpPushOptions) {
    this.#options = options;
    const { address, allowPrivate, answerMs } = options;
    this.#socket = connectTarget(address, options, () => this.#greet());
    this.writer = new BoundedWriter(this.#socket);
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#broken(error.code ?? 'unknown'));
    this.#socket.on('close', () => this.#closed());
    this.#socket.on('end', () => this.#closed());
    this.#socket.on('data', (data) => this.#receive(data));
    this.#deadline = new Patience(answerMs, () => this.#late());
    // An address is connected to without a lookup, so nobody else looks at it.
    if (!allowPrivate && !mayBePublicHost(address.host)) this.end(connectFault('ERR_ADDRESS_NOT_PUBLIC'));
  }

  /** True once the target takes media; false when the connection ended before. */
  get published(): Promise<boolean> {
    return this.#published.promise;
  }

  /** Why the connection ended; null when we closed it, and then it is gone: nobody else's comes while this one is there. */
  get ended(): Promise<PushFault | null> {
    return this.#ended.promise;
  }

  get isOver(): boolean {
    return this.#step === 'over';
  }

  /** Whether the target said that it takes a codec of Enhanced RTMP. */
  takes(fourCc: string): boolean {
    return this.#accepted.has(fourCc) || this.#accepted.has('*');
  }

  /** Passes a tag on, bytes unchanged; `timestampMs` counts from the connection's own beginning. */
  send({ type, body }: FlvTag, timestampMs: number): void {
    if (this.#step !== 'published') return;
    const payload = type === 'script' ? Buffer.concat([metadataOrder, body]) : body;
    const number = type === 'script' ? messageType.data : messageType[type];
    const message = this.#message(number, payload, timestampMs);
    this.writer.write(encodeChunks(message, chunkStreams.media, chunkSize));
  }

  /** Ends the publish in order; what still waits is not sent. Idempotent. */
  close(): void {
    if (this.#step !== 'published') return this.#cut(null);
    const farewell = [
      this.#commandBytes('FCUnpublish', 6, null, this.#options.streamKey),
      this.#commandBytes('deleteStream', 7, null, this.#streamId),
    ];
    this.#stop();
    this.writer.clear();
    const impatient = new Patience(farewellMs, () => this.#socket.destroy());
    this.#socket.once('close', () => {
      impatient.stop();
      this.#ended.resolve(null);
    });
    this.#socket.end(Buffer.concat(farewell));
  }

  /** Cuts the connection at once. Idempotent. */
  end(reason: PushFault): void {
    this.#cut(reason);
  }

  #cut(reason: PushFault | null): void {
    this.#over(reason);
    this.writer.clear();
    // What the system still has isn't sent either. TLS sockets can't be reset.
    if (this.#options.address.tls || this.#socket.connecting) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  #over(reason: PushFault | null): void {
    if (this.#step === 'over') return;
    this.#stop();
    this.#ended.resolve(reason);
  }

  #stop(): void {
    this.#step = 'over';
    this.#deadline.stop();
    this.#published.resolve(false);
  }

  #broken(code: string): void {
    if (this.#step === 'opening') this.end(connectFault(code));
    else this.#closed();
  }

  #closed(): void {
    if (this.#step === 'opening') return this.end(connectFault('ECONNRESET'));
    // Many servers refuse a stream key without a word.
    if (this.#step === 'publish')
      return this.end(fault('rejected', 'The target closed the connection when it saw the stream key.'));
    this.end(fault('closed', `The target closed the connection (${this.#step}).`));
  }

  #late(): void {
    const isOpen = this.#step !== 'opening';
    this.end(
      isOpen
        ? fault('stalled', `The target did not answer (${this.#step}).`)
        : fault('unreachable', 'No connection: it took too long.'),
    );
  }

  #greet(): void {
    if (this.#step !== 'opening') return;
    this.#step = 'handshake';
    // Time and version are 0: the simple handshake (§5.2.3).
    this.writer.write(
      Buffer.concat([Buffer.from([rtmpVersion]), Buffer.alloc(8), randomBytes(handshakeBytes - 8)]),
    );
  }

  #receive(data: Buffer): void {
    if (this.#step === 'over') return;
    const rest = this.#handshake === null ? data : this.#shakeHands(this.#handshake, data);
    if (rest.length === 0 || this.isOver) return;
    this.#acknowledge(rest.length);
    try {
      for (const message of this.#reader.push(rest)) this.#take(message);
    } catch (error) {
      if (!(error instanceof ChunkError || error instanceof RangeError)) throw error;
      this.end(fault('protocol', `The target does not speak RTMP as it should: ${error.message}.`));
    }
  }

  /** The bytes behind the handshake. */
  #shakeHands(before: Buffer, data: Buffer): Uint8Array {
    const all = Buffer.concat([before, data]);
    this.#handshake = all;
    if (all[0] !== undefined && all[0] !== rtmpVersion) {
      this.end(fault('protocol', 'The target does not speak RTMP.'));
      return noPayload;
    }
    if (all.length < 1 + 2 * handshakeBytes) return noPayload;
    this.#handshake = null;
    this.writer.write(all.subarray(1, 1 + handshakeBytes));
    this.#connect();
    return all.subarray(1 + 2 * handshakeBytes);
  }

  #connect(): void {
    const { address, fourCcs } = this.#options;
    this.#step = 'connect';
    const size = Buffer.alloc(4);
    size.writeUInt32BE(chunkSize);
    this.writer.write(
      encodeChunks(this.#message(messageType.setChunkSize, size), chunkStreams.control, chunkSize),
    );
    const { tls, host, port, app } = address;
    const name = host.includes(':') ? `[${host}]` : host;
    const tcUrl = `${tls ? 'rtmps' : 'rtmp'}://${name}:${port}/${app}`;
    const enhanced: AmfObject = fourCcs.length === 0 ? {} : { fourCcList: [...fourCcs] };
    this.#command('connect', 1, {
      ...{ app, type: 'nonprivate', flashVer: 'FMLE/3.0 (compatible; Maydan)', swfUrl: tcUrl, tcUrl },
      ...enhanced,
    });
  }

  #take({ type, payload }: RtmpMessage): void {
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    if (type === messageType.command) return this.#answer(decodeAmf0(payload));
    if (type === messageType.windowAcknowledgementSize && bytes.length >= 4)
      this.#windowBytes = bytes.readUInt32BE(0);
    if (type === messageType.userControl && bytes.length >= 6) this.#pong(bytes);
  }

  #answer([name, transaction, object, info]: readonly AmfValue[]): void {
    if (name === 'onStatus') return this.#status(isObject(info) ? info : {});
    if (name !== '_result' && name !== '_error') return;
    if (this.#step === 'connect' && transaction === 1) {
      if (name === '_error') return this.#refused(info);
      for (const part of [object, info]) this.#learn(part);
      return this.#createStream();
    }
    if (this.#step !== 'createStream' || transaction !== 4) return;
    if (name === '_error' || typeof info !== 'number') return this.#refused(info);
    this.#streamId = info;
    this.#step = 'publish';
    this.#command('publish', 5, null, this.#options.streamKey, 'live');
  }

  /** What Enhanced RTMP lets a server say of its codecs, in version 1 and 2. */
  #learn(part: AmfValue | undefined): void {
    if (!isObject(part)) return;
    const { fourCcList, videoFourCcInfoMap, audioFourCcInfoMap } = part;
    for (const codec of Array.isArray(fourCcList) ? fourCcList : []) {
      if (typeof codec === 'string') this.#accepted.add(codec);
    }
    for (const map of [videoFourCcInfoMap, audioFourCcInfoMap]) {
      for (const codec of Object.keys(isObject(map) ? map : {})) this.#accepted.add(codec);
    }
  }

  #createStream(): void {
    const { streamKey } = this.#options;
    this.#step = 'createStream';
    // What Flash's own encoder said first; some servers wait for it.
    this.#command('releaseStream', 2, null, streamKey);
    this.#command('FCPublish', 3, null, streamKey);
    this.#command('createStream', 4, null);
  }

  #status({ level, code }: AmfObject): void {
    if (level === 'error') return this.#refused({ code: code ?? null });
    if (this.#step === 'publish' && code === 'NetStream.Publish.Start') {
      this.#step = 'published';
      this.#deadline.stop();
      this.#published.resolve(true);
      return;
    }
    if (this.#step === 'published' && code === 'NetStream.Unpublish.Success')
      this.end(fault('closed', 'The target ended the stream.'));
  }

  /** Of what the target says nothing is kept but a code: descriptions may hold the stream key. */
  #refused(info: AmfValue | undefined): void {
    const code = isObject(info) && typeof info['code'] === 'string' ? info['code'] : '';
    const said = /^Net[\w.]{1,60}$/.test(code) && !code.includes(this.#options.streamKey) ? `: ${code}` : '';
    const isBefore = this.#step !== 'published';
    this.end(
      fault(
        isBefore ? 'rejected' : 'closed',
        `The target ${isBefore ? 'refused' : 'ended'} the stream${said}.`,
      ),
    );
  }

  #pong(bytes: Buffer): void {
    if (bytes.readUInt16BE(0) !== userControl.pingRequest) return;
    const payload = Buffer.alloc(6);
    payload.writeUInt16BE(userControl.pingResponse, 0);
    bytes.copy(payload, 2, 2, 6);
    this.#control(messageType.userControl, payload);
  }

  /** Some servers stop when nobody acknowledges (§5.4.3). */
  #acknowledge(length: number): void {
    this.#receivedBytes += length;
    if (this.#windowBytes === 0 || this.#receivedBytes - this.#acknowledgedBytes < this.#windowBytes) return;
    this.#acknowledgedBytes = this.#receivedBytes;
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(this.#receivedBytes % 2 ** 32);
    this.#control(messageType.acknowledgement, payload);
  }

  #control(type: number, payload: Buffer): void {
    const message = { ...this.#message(type, payload), streamId: 0 };
    this.writer.write(encodeChunks(message, chunkStreams.control, chunkSize));
  }

  #command(name: string, transaction: number, ...values: readonly AmfValue[]): void {
    this.writer.write(this.#commandBytes(name, transaction, ...values));
  }

  #commandBytes(name: string, transaction: number, ...values: readonly AmfValue[]): Buffer {
    const payload = encodeAmf0(name, transaction, ...values);
    return encodeChunks(this.#message(messageType.command, payload), chunkStreams.command, chunkSize);
  }

  #message(type: number, payload: Uint8Array, timestampMs = 0): RtmpMessage {
    const belongs = this.#step === 'publish' || this.#step === 'published';
    return { type, payload, timestampMs, streamId: belongs ? this.#streamId : 0 };
  }
}

function isObject(value: AmfValue | undefined): value is AmfObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
