import { randomUUID } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { freePort } from '@maydan/infra';
import { createWorker } from 'mediasoup';
import { waitFor } from '../../../tests/support/waitFor.ts';
import { Voice } from '../mesh/testing/Voice.ts';
import { portsOf } from '../testing/portsOf.ts';
import { RtpSink } from '../testing/RtpSink.ts';
import type { TestClient } from '../testing/TestClient.ts';
import { TestSfu } from '../testing/TestSfu.ts';
import { workerBin } from '../testing/workerBin.ts';
import { LiteBridge } from '../whip/ice/LiteBridge.ts';
import { call, refusal, sdp } from '../whip/testing/httpCalls.ts';
import { LiteClient } from '../whip/testing/LiteClient.ts';

const count = 20;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}, 30_000);

async function bound(port: number, address: string): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(port, address);
  try {
    await once(socket, 'listening');
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** Sockets at all of these ports that nobody else has, on loopback. */
async function takeFree(first: number): Promise<Socket[]> {
  const ports = Array.from({ length: count }, (_, nth) => first + nth);
  const tried = await Promise.allSettled(ports.map((port) => bound(port, '127.0.0.1')));
  return tried.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

/** Sockets at ports next to each other on loopback, which nobody else has. */
async function takeRange(): Promise<{ first: number; sockets: Socket[] }> {
  for (;;) {
    const first = Math.min(await freePort(), 65_535 - count);
    const sockets = await takeFree(first);
    if (sockets.length === count) return { first, sockets };
    for (const socket of sockets) socket.close();
  }
}

const rangeEnv = (first: number): NodeJS.ProcessEnv => ({
  SFU_RTC_MIN_PORT: String(first),
  SFU_RTC_MAX_PORT: String(first + count - 1),
});

async function start(env: NodeJS.ProcessEnv): Promise<TestSfu> {
  const sfu = await TestSfu.start(env);
  cleanups.push(() => sfu.close());
  return sfu;
}

/** Receives over plain RTP, one port for each. */
const receivePlain = (client: TestClient): Promise<unknown> =>
  client.request('transport.createPlain', { direction: 'receive', remote: { ip: '127.0.0.1', port: 9 } });

describe('the ports of an sfu', () => {
  it('are within the range that is configured, and who finds none is told so, until there is one again', async () => {
    const { first, sockets } = await takeRange();
    for (const socket of sockets) socket.close();
    const sfu = await start({
      ...rangeEnv(first),
      ...{ SFU_RTC_PORT: '0', SFU_WORKERS: '2', SFU_CONSUMERS_PER_WORKER: '1' },
    });
    const sessionId = randomUUID();
    const egress = await sfu.join({ sessionId, role: 'egress' });
    const voice = await Voice.start(await sfu.join({ sessionId, role: 'ingress' }));
    cleanups.push(() => voice.close());
    const { producerId } = (await egress.event('producer.added')).producer;
    const sink = await RtpSink.start(egress, producerId);
    cleanups.push(() => sink.close());
    const viewer = await sfu.join({ sessionId, role: 'viewer' });
    const { transportId } = await viewer.request('transport.create', { direction: 'receive' });
    const { rtpCapabilities } = viewer.room!;
    await viewer.request('consumer.create', { transportId, producerId, rtpCapabilities });
    expect(sfu.running.rooms.find(sessionId)?.workerCount).toBe(2);
    const ports = (): number[] => sfu.running.pool.workers.flatMap(({ pid }) => portsOf(pid));
    // WebRTC of both Workers, plain RTP of both services, and both ends of the pipe.
    expect(ports().length).toBeGreaterThanOrEqual(4 + 2 + 2);
    const outside = (): number[] => ports().filter((port) => port < first || port >= first + count);
    expect(outside()).toEqual([]);

    const greedy = await sfu.join({ sessionId, role: 'egress' });
    const results = await Promise.allSettled(Array.from({ length: count }, () => receivePlain(greedy)));
    const refused = results.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    expect(refused.length).toBeGreaterThan(0);
    expect(refused).toEqual(refused.map(() => expect.objectContaining({ code: 'overloaded' }) as unknown));
    expect(outside()).toEqual([]);
    await sink.more(10);
    await greedy.request('room.leave', {});
    await receivePlain(egress);
  }, 120_000);

  it('towards a client that is ICE lite are of the range, too, and who finds none comes again', async () => {
    const { first, sockets } = await takeRange();
    for (const socket of sockets) socket.close();
    const sfu = await start(rangeEnv(first));
    const sessionId = randomUUID();
    const voice = await Voice.start(await sfu.join({ sessionId, role: 'ingress' }));
    cleanups.push(() => voice.close());
    const elsewhere = await createWorker({ workerBin: workerBin(), logLevel: 'warn' });
    cleanups.push(() => elsewhere.close());
    const player = await LiteClient.player(elsewhere);
    const play = (): Promise<Response> => {
      const token = sfu.token({ sessionId, role: 'viewer' });
      return call(sfu, `/whep/${sessionId}`, { token, type: sdp, body: player.offer });
    };
    const before = portsOf(process.pid);
    const played = await play();
    expect(played.status).toBe(201);
    // One to the client, one to the Worker.
    const own = portsOf(process.pid).filter((port) => !before.includes(port));
    expect(own).toHaveLength(2);
    expect(own.filter((port) => port < first || port >= first + count)).toEqual([]);
    const answer = await played.text();
    expect(own).toContain(Number(/a=candidate:\S+ 1 udp \d+ \S+ (\d+)/.exec(answer)?.[1]));
    await player.accept(answer);
    // DTLS and checks come to no more than 4000 meanwhile.
    await waitFor('its sound', async () => (await player.bytesReceived) > 6_000);

    const taken = await takeFree(first);
    const refused = await play();
    for (const socket of taken) socket.close();
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refusal(refused)).toMatchObject({ status: 503, code: 'overloaded' });
    expect(LiteBridge.open).toBe(1);
    expect((await play()).status).toBe(201);
  }, 120_000);

  it('that are taken are named by a node that can not start: those of WebRTC', async () => {
    const { first: port, sockets } = await takeRange();
    cleanups.push(() => sockets.map((socket) => socket.close()));
    const env = { ...rangeEnv(port + count), SFU_RTC_PORT: String(port) };
    await expect(TestSfu.start(env)).rejects.toThrow(
      new RegExp(`port ${port} \\(SFU_RTC_PORT.*address already in use`),
    );
  }, 60_000);

  it('that are taken are named by a node that can not start: those of plain RTP', async () => {
    const { first, sockets } = await takeRange();
    cleanups.push(() => sockets.map((socket) => socket.close()));
    let rtcPort = first;
    while (rtcPort >= first && rtcPort < first + count) rtcPort = await freePort('0.0.0.0');
    await expect(TestSfu.start({ ...rangeEnv(first), SFU_RTC_PORT: String(rtcPort) })).rejects.toThrow(
      new RegExp(`SFU_RTC_MIN_PORT to SFU_RTC_MAX_PORT \\(${first} to .*no more available ports`),
    );
  }, 60_000);
});
