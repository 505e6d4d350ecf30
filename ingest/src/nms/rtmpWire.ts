import type { Server, Socket } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import context from 'node-media-server/src/core/context.js';
import logger from 'node-media-server/src/core/logger.js';
import NodeRtmpServer from 'node-media-server/src/server/rtmp_server.js';
import RtmpSession from 'node-media-server/src/session/rtmp_session.js';
import { messageType, ProtocolError, splitAggregate, toMediaMessage } from '../rtmp/messages.ts';
import type { MediaMessage } from '../rtmp/messages.ts';

/**
 * The only door to node-media-server. It speaks RTMP and RTMPS here: handshake, chunk streams, AMF, commands, TLS.
 * What it lacks is put on each session: bounds on what a peer may make it allocate, timestamps that wrap, answers
 * held back until a publish is authorised. Its broadcast, HTTP, record and store parts are never started
 * (docs/adr/0006).
 */

/** Its lines would name stream paths, and with them stream keys. */
logger.log = () => undefined;

/** node-media-server only makes a listener for a port that isn't 0; we listen on our own account. */
const anyPort = 1;

export interface RtmpListeners {
  readonly rtmp: Server;
  readonly rtmps: TlsServer | undefined;
}

/** Its servers for RTMP and, with a certificate, RTMPS; not listening yet, and nobody handles connections yet. */
export function createRtmpListeners(tls?: { keyFile: string; certFile: string }): RtmpListeners {
  context.config = {
    rtmp: { port: anyPort },
    ...(tls === undefined ? {} : { rtmps: { port: anyPort, key: tls.keyFile, cert: tls.certFile } }),
  };
  const { tcpServer, tlsServer, handleRequest } = new NodeRtmpServer();
  if (tcpServer === undefined) throw new Error('node-media-server made no RTMP server');
  tcpServer.removeListener('connection', handleRequest);
  tlsServer?.removeListener('secureConnection', handleRequest);
  return { rtmp: tcpServer, rtmps: tlsServer };
}

export interface WireLimits {
  /** Longest message. */
  readonly messageBytes: number;
  /** Memory for messages of all chunk streams together. */
  readonly totalBytes: number;
  readonly chunkStreams: number;
}

/** What a client asks for with `publish` or `play`; all of it unchecked. */
export interface StreamRequest {
  readonly app: string;
  readonly name: string;
}

export interface WireEvents {
  publishRequested(request: StreamRequest): void;
  playRequested(): void;
  /** `deleteStream`: the client has ended its publish in order. */
  streamDeleted(): void;
  messageReceived(message: MediaMessage): void;
}

const rtmpVersion = 3;
const pingRequest = 6;
const pingResponse = 7;

type Rtmp = RtmpSession['rtmp'];

/** What the workers decode, as Enhanced RTMP names it. */
const takenFourCcs = ['avc1', 'hvc1', 'av01', 'vp09'];
/** Encoded as a strict array, by a mark of node-media-server's own. */
const fourCcArray = Object.defineProperty([...takenFourCcs], 'sarray', { value: true });
const canDecode = 1;

/** One RTMP connection as node-media-server speaks it. Bytes are fed by the owner of the socket. */
export class RtmpWire {
  readonly #rtmp: Rtmp;
  readonly #events: WireEvents;
  #receivedBytes = 0;
  #acknowledgedBytes = 0;
  #allocatedBytes = 0;
  /** May be changed at any time; holds for the messages that begin afterwards. */
  limits: WireLimits;

  constructor(socket: Socket, events: WireEvents, limits: WireLimits) {
    const session = new RtmpSession(socket);
    session.run();
    // Its own handler lets the parser's errors end the process.
    socket.removeListener('data', session.onData);
    this.#rtmp = session.rtmp;
    this.#events = events;
    this.limits = limits;
    // A megabyte that only its FLV client uses.
    this.#rtmp.flv = undefined;
    this.#handleCommands();
    this.#tellCodecs();
    this.#guardParser();
    this.#handleMessages();
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Parses what came in; calls the events. Throws when the peer broke the protocol or a limit. */
  receive(data: Buffer): void {
    if (this.#receivedBytes === 0 && data[0] !== rtmpVersion) throw new ProtocolError('this is not RTMP');
    this.#receivedBytes += data.length;
    const problem = this.#rtmp.parserData(data);
    if (problem !== null) throw new ProtocolError(problem);
    this.#acknowledge();
  }

  /** `onStatus` to the stream that the client published or played. */
  sendStatus(level: 'status' | 'error', code: string, description: string): void {
    this.#rtmp.sendStatusMessage(this.#rtmp.streamId ?? 0, level, code, description);
  }

  #handleCommands(): void {
    const rtmp = this.#rtmp;
    let request: StreamRequest = { app: '', name: '' };
    // It would answer "is now published" before anybody was asked.
    rtmp.respondPublish = () => undefined;
    rtmp.respondPlay = () => undefined;
    rtmp.onConnectCallback = ({ app, name }) => (request = { app: typeof app === 'string' ? app : '', name });
    rtmp.onPushCallback = () => this.#events.publishRequested(request);
    rtmp.onPlayCallback = () => this.#events.playRequested();
    rtmp.onDeleteStream = () => this.#events.streamDeleted();
  }

  /** Clients that speak Enhanced RTMP, v1 or v2, are answered in kind; others hear nothing new. */
  #tellCodecs(): void {
    const rtmp = this.#rtmp;
    const send = rtmp.sendInvokeMessage.bind(rtmp);
    rtmp.sendInvokeMessage = (streamId, message) => {
      const { fourCcList, videoFourCcInfoMap } = rtmp.connectCmdObj ?? {};
      // The answer to `connect` is the only one with properties.
      if (message.cmd !== '_result' || message.cmdObj === null) return send(streamId, message);
      const known = {
        ...(fourCcList === undefined ? {} : { fourCcList: fourCcArray }),
        ...(videoFourCcInfoMap === undefined
          ? {}
          : { videoFourCcInfoMap: Object.fromEntries(takenFourCcs.map((fourCc) => [fourCc, canDecode])) }),
      };
      send(streamId, { ...message, cmdObj: { ...message.cmdObj, ...known } });
    };
  }

  /** Bounds on memory and on headers that would send the parser back and forth in its input. */
  #guardParser(): void {
    const rtmp = this.#rtmp;
    const readHeader = rtmp.chunkMessageHeaderRead.bind(rtmp);
    rtmp.chunkMessageHeaderRead = () => {
      const { bytes, header } = rtmp.parserPacket;
      const lengthBefore = header.length;
      const read = readHeader();
      if (rtmp.inPackets.size > this.limits.chunkStreams) throw new ProtocolError('too many chunk streams');
      if (bytes > 0 && header.length !== lengthBefore) {
        throw new ProtocolError('a message changed its length midway');
      }
      return read;
    };
    const allocate = rtmp.packetAlloc.bind(rtmp);
    rtmp.packetAlloc = () => {
      const packet = rtmp.parserPacket;
      if (packet.header.length > this.limits.messageBytes) throw new ProtocolError('a message is too long');
      // Timestamps are 32 bits (RTMP §5.3.1.2); the parser would drop every message after 49.7 days.
      packet.clock %= 2 ** 32;
      const capacityBefore = packet.capacity;
      if (this.#allocatedBytes - capacityBefore + packet.header.length > this.limits.totalBytes) {
        throw new ProtocolError('too many long messages at a time');
      }
      allocate();
      this.#allocatedBytes += packet.capacity - capacityBefore;
    };
  }

  #handleMessages(): void {
    const rtmp = this.#rtmp;
    const handle = rtmp.packetHandler.bind(rtmp);
    rtmp.packetHandler = () => {
      const { header, clock } = rtmp.parserPacket;
      if (header.type === messageType.abort) this.#abort();
      if (header.type === messageType.setChunkSize && header.length < 4) {
        throw new ProtocolError('a chunk size is missing');
      }
      if (header.type === messageType.aggregate) {
        for (const message of splitAggregate(clock, this.#payload())) this.#events.messageReceived(message);
      }
      handle();
      // RTMP §5.4.1; with 0 the parser would never go on.
      if (rtmp.inChunkSize < 1 || rtmp.inChunkSize > 0x7fffffff)
        throw new ProtocolError('no such chunk size');
    };
    rtmp.dataHandler = () => {
      const { header, clock } = rtmp.parserPacket;
      const message = toMediaMessage(header.type, clock, this.#payload());
      if (message !== undefined) this.#events.messageReceived(message);
    };
    rtmp.eventHandler = () => {
      const payload = this.#payload();
      if (payload.length < 6 || payload.readUInt16BE(0) !== pingRequest) return;
      rtmp.sendStreamStatus(pingResponse, payload.readUInt32BE(2));
    };
  }

  /** The rest of a message won't come (RTMP §5.4.2). */
  #abort(): void {
    const payload = this.#payload();
    const packet = payload.length < 4 ? undefined : this.#rtmp.inPackets.get(payload.readUInt32BE(0));
    if (packet !== undefined) packet.bytes = 0;
  }

  #payload(): Buffer {
    const { header, payload } = this.#rtmp.parserPacket;
    return payload.subarray(0, header.length);
  }

  /** Some encoders stop sending when nobody acknowledges (RTMP §5.4.3). */
  #acknowledge(): void {
    const window = this.#rtmp.ackSize ?? 0;
    if (window === 0 || this.#receivedBytes - this.#acknowledgedBytes < window) return;
    this.#acknowledgedBytes = this.#receivedBytes;
    this.#rtmp.sendACK(this.#receivedBytes % 2 ** 32);
  }
}
