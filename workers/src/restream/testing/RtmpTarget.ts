import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { decodeAmf0, encodeAmf0, type AmfObject, type AmfValue } from '../../source/flv/amf0.ts';
import { ChunkReader } from '../rtmp/ChunkReader.ts';
import { encodeChunks, messageType, type RtmpMessage } from '../rtmp/chunks.ts';

/** How a target treats who publishes to it. */
export type TargetManner =
  'takes' | 'rejects' | 'closesAtKey' | 'isSilent' | 'stopsReading' | 'readsSlowly' | 'closesSoon';

const handshakeBytes = 1536;
/** Between two reads of one that is slow: some 600 kB/s, as a read brings 64 KiB at most. */
const slowReadMs = 100;

/** PEM. */
export interface TargetCertificate {
  readonly key: string;
  readonly cert: string;
}

/** One publisher's connection, as the target sees it. */
export interface TargetVisit {
  readonly commands: AmfValue[][];
  readonly media: RtmpMessage[];
  isOpen: boolean;
}

/** For tests: a place that sessions are sent to, as badly behaved as it is told. Who starts it closes it. */
export class RtmpTarget {
  readonly visits: TargetVisit[] = [];
  /** Most connections that were open at the same time. */
  mostAtOnce = 0;
  manner: TargetManner;
  /** Called when a connection was taken, before anything of it is read. */
  onVisit: () => void = () => undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #fourCcs: readonly string[];
  readonly #isSecure: boolean;

  /** With a certificate it takes RTMPS alone. */
  static async start(
    manner: TargetManner = 'takes',
    fourCcs: readonly string[] = [],
    certificate?: TargetCertificate,
  ): Promise<RtmpTarget> {
    const target = new RtmpTarget(manner, fourCcs, certificate);
    target.#server.listen(0, '127.0.0.1');
    await once(target.#server, 'listening');
    return target;
  }

  constructor(manner: TargetManner, fourCcs: readonly string[], certificate?: TargetCertificate) {
    this.manner = manner;
    this.#fourCcs = fourCcs;
    this.#isSecure = certificate !== undefined;
    const welcome = (socket: Socket): void => this.#welcome(socket);
    this.#server =
      certificate === undefined ? createServer(welcome) : createTlsServer({ ...certificate }, welcome);
  }

  get url(): string {
    const scheme = this.#isSecure ? 'rtmps' : 'rtmp';
    return `${scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}/live`;
  }

  /** Ends what is open, as a server does that dies. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.reset();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #welcome(socket: Socket): void {
    const visit: TargetVisit = { commands: [], media: [], isOpen: true };
    this.visits.push(visit);
    this.#sockets.add(socket);
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#sockets.size);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      visit.isOpen = false;
      this.#sockets.delete(socket);
    });
    this.onVisit();
    if (this.manner !== 'isSilent') this.#listen(socket, visit);
  }

  #listen(socket: Socket, visit: TargetVisit): void {
    const reader = new ChunkReader(16 * 2 ** 20);
    let greeting: Buffer<ArrayBuffer> | null = Buffer.alloc(0);
    socket.on('data', (data) => {
      let rest: Uint8Array = data;
      if (greeting !== null) {
        const before: Buffer = greeting;
        greeting = Buffer.concat([before, data]);
        if (before.length < 1 + handshakeBytes && greeting.length >= 1 + handshakeBytes)
          socket.write(
            Buffer.concat([Buffer.from([3]), Buffer.alloc(handshakeBytes), greeting.subarray(1, 1537)]),
          );
        if (greeting.length < 1 + 2 * handshakeBytes) return;
        rest = greeting.subarray(1 + 2 * handshakeBytes);
        greeting = null;
      }
      for (const message of reader.push(rest)) this.#take(socket, visit, message);
    });
  }

  #take(socket: Socket, visit: TargetVisit, message: RtmpMessage): void {
    if (message.type === messageType.command) {
      const values = decodeAmf0(message.payload);
      visit.commands.push(values);
      this.#answer(socket, values);
    } else if (message.type === messageType.audio || message.type === messageType.video) {
      visit.media.push(message);
      if (this.manner === 'closesSoon') socket.end();
    }
  }

  #answer(socket: Socket, [name, transaction = 0]: readonly AmfValue[]): void {
    const known: AmfObject = this.#fourCcs.length === 0 ? {} : { fourCcList: [...this.#fourCcs] };
    if (name === 'connect')
      this.#say(socket, '_result', transaction, known, { code: 'NetConnection.Connect.Success' });
    if (name === 'createStream') this.#say(socket, '_result', transaction, null, 1);
    if (name !== 'publish') return;
    if (this.manner === 'closesAtKey') return void socket.end();
    const [level, code] = this.manner === 'rejects' ? ['error', 'BadName'] : ['status', 'Start'];
    this.#say(socket, 'onStatus', 0, null, {
      level,
      code: `NetStream.Publish.${code}`,
      description: 'as told',
    });
    if (this.manner === 'stopsReading') socket.pause();
    if (this.manner === 'readsSlowly') readSlowly(socket);
  }

  #say(socket: Socket, ...values: AmfValue[]): void {
    const payload = encodeAmf0(...values);
    socket.write(encodeChunks({ type: messageType.command, timestampMs: 0, streamId: 0, payload }, 3, 128));
  }
}

function readSlowly(socket: Socket): void {
  socket.pause();
  socket.on('data', () => socket.pause());
  const timer = setInterval(() => socket.resume(), slowReadMs);
  socket.on('close', () => clearInterval(timer));
}
