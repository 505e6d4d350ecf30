import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { types } from 'mediasoup';
import { carry, opus } from './carry.ts';
import { bindingRequest, isStun } from '../ice/stun.ts';

const deadlineMs = 5_000;

/**
 * Connects two WebRtcTransports of a Worker with each other: ICE, a DTLS handshake, then RTP under the keys they
 * agreed on. Both wait for an ICE client; we are it for both, and pass everything else from one to the other.
 * @throws Error when they don't connect or nothing arrives.
 */
export async function dtlsLoop(worker: types.Worker): Promise<void> {
  const [from, to] = await Promise.all([createSide(worker), createSide(worker)]);
  const [nearFrom, nearTo] = await Promise.all([bindSocket(), bindSocket()]);
  try {
    forward(nearFrom, nearTo, portOf(to.transport));
    forward(nearTo, nearFrom, portOf(from.transport));
    await from.transport.connect({ dtlsParameters: { ...to.transport.dtlsParameters, role: 'client' } });
    await to.transport.connect({ dtlsParameters: { ...from.transport.dtlsParameters, role: 'server' } });
    nearFrom.send(bindingRequest(from.transport.iceParameters), portOf(from.transport), '127.0.0.1');
    nearTo.send(bindingRequest(to.transport.iceParameters), portOf(to.transport), '127.0.0.1');
    await waitUntilConnected(from.transport);
    await waitUntilConnected(to.transport);
    await carry('DTLS', from, to);
  } finally {
    from.router.close();
    to.router.close();
    nearFrom.close();
    nearTo.close();
  }
}

async function createSide(worker: types.Worker) {
  const router = await worker.createRouter({ mediaCodecs: [opus] });
  const transport = await router.createWebRtcTransport({
    listenInfos: [{ protocol: 'udp', ip: '127.0.0.1' }],
  });
  return { router, transport };
}

async function bindSocket(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/** What comes from one transport goes to the other, from the address that other one knows. */
function forward(near: Socket, far: Socket, farPort: number): void {
  near.on('message', (packet) => {
    if (!isStun(packet)) far.send(packet, farPort, '127.0.0.1');
  });
}

function portOf(transport: types.WebRtcTransport): number {
  return transport.iceCandidates[0]?.port ?? 0;
}

async function waitUntilConnected(transport: types.WebRtcTransport): Promise<void> {
  const until = Date.now() + deadlineMs;
  while (transport.dtlsState !== 'connected') {
    if (transport.closed) throw new Error('the worker died in the DTLS handshake');
    if (Date.now() > until) throw new Error(`DTLS is ${transport.dtlsState}, not connected`);
    await delay(10);
  }
}
