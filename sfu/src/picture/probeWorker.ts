import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { parentPort } from 'node:worker_threads';
import { PictureMeter, type PictureFigures } from './PictureMeter.ts';

/** What `ProbeThread` asks; each is answered with its `id`. */
export type ProbeRequest =
  /** Meter what mediasoup sends from its port on loopback: the answer tells where to. */
  | {
      readonly id: number;
      readonly type: 'open';
      readonly probe: number;
      readonly codec: string;
      readonly from: number;
    }
  | { readonly id: number; readonly type: 'read'; readonly probe: number }
  | { readonly id: number; readonly type: 'close'; readonly probe: number };
export interface ProbeAnswer {
  readonly id: number;
  readonly port?: number;
  readonly figures?: PictureFigures;
  readonly error?: string;
}

interface Probe {
  readonly socket: Socket;
  readonly meter: PictureMeter;
}

/** Waking up costs more than reading a packet, so they are gathered in the sockets' buffers for this long. */
const napMs = 100;
/** In each turn of the event loop libuv takes up to 32 packets from a socket; there are this many turns between two naps. */
const turnsBetweenNaps = 4;
/** Where the system allows it; with the usual 208 KiB packets of more than 8 Mbit/s get lost here, of whose pictures others remain. */
const recvBufferSize = 2 << 20;
const loopback = '127.0.0.1';

const probes = new Map<number, Probe>();
const bell = new Int32Array(new SharedArrayBuffer(4));
let isTurning = false;
let turns = 0;
/** What is read now came after this moment, however long this thread had to wait for a processor since. */
let emptyMs = performance.now();

function turn(): void {
  isTurning = probes.size > 0;
  if (!isTurning) return;
  turns = (turns + 1) % turnsBetweenNaps;
  if (turns === 0) {
    emptyMs = performance.now();
    Atomics.wait(bell, 0, 0, napMs);
  }
  setImmediate(turn);
}

async function open({ probe, codec, from }: Extract<ProbeRequest, { type: 'open' }>): Promise<number> {
  const meter = new PictureMeter(codec);
  const socket = createSocket({ type: 'udp4', recvBufferSize });
  socket.on('message', (packet) => {
    if (!isRtcp(packet)) meter.add(packet, emptyMs);
  });
  try {
    await connect(socket, from);
  } catch (error) {
    socket.close();
    throw error;
  }
  probes.set(probe, { socket, meter });
  if (!isTurning) turn();
  return socket.address().port;
}

/** Only who sends from there is listened to. */
async function connect(socket: Socket, from: number): Promise<void> {
  socket.bind(0, loopback);
  await once(socket, 'listening');
  socket.connect(from, loopback);
  await once(socket, 'connect');
  // Its other end may be closed already.
  socket.on('error', () => undefined);
}

function close(probe: number): void {
  probes.get(probe)?.socket.close();
  probes.delete(probe);
}

async function answer(request: ProbeRequest): Promise<ProbeAnswer> {
  const { id, type, probe } = request;
  if (type === 'open') return { id, port: await open(request) };
  if (type === 'close') close(probe);
  const figures = type === 'read' ? probes.get(probe)?.meter.read(performance.now()) : undefined;
  return { id, ...(figures === undefined ? {} : { figures }) };
}

/** RFC 5761 4: types 64 to 95 of the second byte's lower seven bits. */
function isRtcp(packet: Buffer): boolean {
  const type = (packet[1] ?? 0) & 0x7f;
  return type >= 64 && type <= 95;
}

parentPort?.on('message', (request: ProbeRequest) => {
  answer(request).then(
    (message) => parentPort?.postMessage(message),
    (error: unknown) =>
      parentPort?.postMessage({ id: request.id, error: String(error) } satisfies ProbeAnswer),
  );
});
