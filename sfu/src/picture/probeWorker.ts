import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { parentPort } from 'node:worker_threads';
import { opusDurationMs } from '@maydan/common/opusDuration';
import { headerBytes, headerExtension, readRtp } from '../faststart/rtpPacket.ts';
import { Loudness, type Heard } from '../rooms/Loudness.ts';
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
  /** As `open`, for the sound of several senders: how loud each is comes by itself, as `LevelNews`. */
  | { readonly id: number; readonly type: 'openLevels'; readonly probe: number; readonly from: number }
  /** Of this sender, who tells levels by a header extension of this id. */
  | {
      readonly id: number;
      readonly type: 'listen';
      readonly probe: number;
      readonly ssrc: number;
      readonly extensionId: number;
    }
  | { readonly id: number; readonly type: 'forget'; readonly probe: number; readonly ssrc: number }
  | { readonly id: number; readonly type: 'read'; readonly probe: number }
  | { readonly id: number; readonly type: 'close'; readonly probe: number };
export interface ProbeAnswer {
  readonly id: number;
  readonly port?: number;
  readonly figures?: PictureFigures;
  readonly error?: string;
}

/** What was heard since the last news, of those of whom anything was. */
export interface LevelNews {
  readonly levels: readonly (Heard & { readonly probe: number; readonly ssrc: number })[];
}

interface Voice {
  readonly extensionId: number;
  readonly loudness: Loudness;
}

interface Probe {
  readonly socket: Socket;
  /** Of pictures. */
  readonly meter: PictureMeter | null;
  /** By SSRC. */
  readonly voices: Map<number, Voice>;
}

/** Waking up costs more than reading a packet, so they are gathered in the sockets' buffers for this long. */
const napMs = 100;
/** In each turn of the event loop libuv takes up to 32 packets from a socket; there are this many turns between two naps. */
const turnsBetweenNaps = 4;
/** Where the system allows it; with the usual 208 KiB packets of more than 8 Mbit/s get lost here, of whose pictures others remain. */
const recvBufferSize = 2 << 20;
const loopback = '127.0.0.1';
const ssrcAt = 8;
const nothing = new Uint8Array(0);
/** Who asks how loud somebody is each half a second finds news each time. */
const newsMs = 200;

const probes = new Map<number, Probe>();
const bell = new Int32Array(new SharedArrayBuffer(4));
let isTurning = false;
let turns = 0;
/** What is read now came after this moment, however long this thread had to wait for a processor since. */
let emptyMs = performance.now();
let toldMs = 0;

function turn(): void {
  isTurning = probes.size > 0;
  if (!isTurning) return;
  turns = (turns + 1) % turnsBetweenNaps;
  if (turns === 0) {
    tellLevels();
    emptyMs = performance.now();
    Atomics.wait(bell, 0, 0, napMs);
  }
  setImmediate(turn);
}

/** Several are told at once: each message wakes the other thread. */
function tellLevels(): void {
  const nowMs = performance.now();
  if (nowMs < toldMs + newsMs) return;
  toldMs = nowMs;
  const levels: LevelNews['levels'][number][] = [];
  for (const [probe, { voices }] of probes) {
    for (const [ssrc, { loudness }] of voices) {
      const heard = loudness.flush();
      if (heard !== null) levels.push({ probe, ssrc, ...heard });
    }
  }
  if (levels.length > 0) parentPort?.postMessage({ levels } satisfies LevelNews);
}

function listen(voices: Map<number, Voice>, packet: Buffer): void {
  const voice = packet.length < headerBytes ? undefined : voices.get(packet.readUInt32BE(ssrcAt));
  const level = voice === undefined ? undefined : headerExtension(packet, voice.extensionId)?.[0];
  const durationMs = level === undefined ? null : opusDurationMs(readRtp(packet)?.payload ?? nothing);
  // The upper bit is for voice (RFC 6464, section 3), which few tell.
  if (level !== undefined && durationMs !== null) voice?.loudness.hear(level & 0x7f, durationMs);
}

async function open(
  { probe, from }: { probe: number; from: number },
  meter: PictureMeter | null,
): Promise<number> {
  const voices = new Map<number, Voice>();
  const socket = createSocket({ type: 'udp4', recvBufferSize });
  socket.on('message', (packet) => {
    if (isRtcp(packet)) return;
    if (meter === null) listen(voices, packet);
    else meter.add(packet, emptyMs);
  });
  try {
    await connect(socket, from);
  } catch (error) {
    socket.close();
    throw error;
  }
  probes.set(probe, { socket, meter, voices });
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
  switch (type) {
    case 'open':
      return { id, port: await open(request, new PictureMeter(request.codec)) };
    case 'openLevels':
      return { id, port: await open(request, null) };
    case 'listen': {
      const { ssrc, extensionId } = request;
      probes.get(probe)?.voices.set(ssrc, { extensionId, loudness: new Loudness() });
      return { id };
    }
    case 'forget':
      probes.get(probe)?.voices.delete(request.ssrc);
      return { id };
    case 'close':
      close(probe);
      return { id };
    case 'read': {
      const figures = probes.get(probe)?.meter?.read(performance.now());
      return { id, ...(figures === undefined ? {} : { figures }) };
    }
  }
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
