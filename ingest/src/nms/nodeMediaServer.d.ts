/** The few parts of node-media-server 4.4.3 that ingest uses; the package has no types of its own. */

declare module 'node-media-server/src/core/context.js' {
  interface Context {
    config: {
      bind?: string;
      rtmp?: { port: number };
      rtmps?: { port: number; key: string; cert: string };
    };
  }
  const context: Context;
  export default context;
}

declare module 'node-media-server/src/core/logger.js' {
  const logger: { log: (message: string, level?: string) => void };
  export default logger;
}

declare module 'node-media-server/src/server/rtmp_server.js' {
  import type { Server, Socket } from 'node:net';
  import type { Server as TlsServer } from 'node:tls';

  export default class NodeRtmpServer {
    readonly tcpServer?: Server;
    readonly tlsServer?: TlsServer;
    readonly handleRequest: (socket: Socket) => void;
  }
}

declare module 'node-media-server/src/session/rtmp_session.js' {
  import type { Socket } from 'node:net';

  /** A message of one chunk stream, reused for the next message of the same chunk stream. */
  interface RtmpPacket {
    readonly header: { fmt: number; length: number; type: number; stream_id: number };
    /** Milliseconds; deltas are added without wrapping at 32 bits. */
    clock: number;
    /** At least as long as the longest message so far; only the first `header.length` bytes belong to this one. */
    readonly payload: Buffer;
    readonly capacity: number;
    /** Bytes of the payload received so far. */
    bytes: number;
  }

  interface StreamRequest {
    /** What the client sent in `connect`, unchecked. */
    readonly app: unknown;
    readonly name: string;
  }

  interface InvokeMessage {
    readonly cmd: string;
    readonly cmdObj: object | null;
  }

  interface Rtmp {
    flv: unknown;
    readonly inPackets: ReadonlyMap<number, RtmpPacket>;
    readonly parserPacket: RtmpPacket;
    readonly inChunkSize: number;
    /** Window after which the client wants an acknowledgement. */
    readonly ackSize?: number;
    readonly streamId?: number;
    onConnectCallback: (request: StreamRequest) => void;
    onPushCallback: () => void;
    onPlayCallback: () => void;
    parserData: (data: Buffer) => string | null;
    chunkMessageHeaderRead: () => number;
    packetAlloc: () => void;
    packetHandler: () => void;
    eventHandler: () => void;
    dataHandler: () => void;
    respondPublish: () => void;
    respondPlay: () => void;
    onDeleteStream: () => void;
    sendACK: (bytes: number) => void;
    sendStreamStatus: (event: number, value: number) => void;
    sendStatusMessage: (streamId: number, level: string, code: string, description: string) => void;
    sendInvokeMessage: (streamId: number, message: InvokeMessage) => void;
    /** What came with `connect`, unchecked. */
    readonly connectCmdObj?: Readonly<Record<string, unknown>>;
  }

  export default class RtmpSession {
    constructor(socket: Socket);
    readonly rtmp: Rtmp;
    readonly run: () => void;
    readonly onData: (data: Buffer) => void;
  }
}
