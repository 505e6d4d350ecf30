import { randomUUID } from 'node:crypto';
import { signalingRequests } from '@maydan/contracts';
import jwt from 'jsonwebtoken';
import { Voice } from '../mesh/testing/Voice.ts';
import { h264Parameters, opusParameters, someDtlsParameters } from '../testing/rtp.ts';
import { RtpSink } from '../testing/RtpSink.ts';
import { secret, TestSfu } from '../testing/TestSfu.ts';
import type { TestClient } from '../testing/TestClient.ts';
import { until } from '../testing/until.ts';

let sfu: TestSfu;
let sessionId = '';

beforeAll(async () => {
  sfu = await TestSfu.start({ SFU_STUN_URLS: 'stun:stun.example:3478', SFU_PEER_GRACE_MS: '60000' });
});
afterAll(async () => {
  await sfu.close();
});
beforeEach(() => {
  sessionId = randomUUID();
});
afterEach(async () => {
  await sfu.command({ type: 'closeRoom', sessionId, reason: 'sessionEnded' });
  await until('the end of the room', () => sfu.running.rooms.find(sessionId) === undefined);
});

const code = (expected: string): unknown => expect.objectContaining({ code: expected });

async function receive(client: TestClient, producerId: string): Promise<string> {
  const { transportId } = await client.request('transport.create', { direction: 'receive' });
  const { rtpCapabilities } = client.room!;
  return (await client.request('consumer.create', { transportId, producerId, rtpCapabilities })).consumerId;
}

describe('joining', () => {
  it('tells who is there and what is sent, and the others who came; viewers are never shown', async () => {
    const host = await sfu.join({ sessionId, displayName: 'Amal', userId: randomUUID() });
    const producerId = await host.speak();
    const viewer = await sfu.join({ sessionId, role: 'viewer' });
    const cohost = await sfu.join({ sessionId, role: 'cohost', displayName: 'Basma' });
    expect(cohost.room).toMatchObject({ role: 'cohost', resumed: false });
    expect(cohost.room?.peers.map(({ displayName }) => displayName)).toEqual(['Amal']);
    expect(cohost.room?.producers).toEqual([
      {
        producerId,
        peerId: host.peerId,
        kind: 'audio',
        source: 'microphone',
        pausedBy: null,
        codec: 'audio/opus',
      },
    ]);
    const mimeTypes = new Set(cohost.room?.rtpCapabilities.codecs?.map(({ mimeType }) => mimeType));
    expect([...mimeTypes]).toEqual(
      expect.arrayContaining(['audio/opus', 'video/VP8', 'video/VP9', 'video/H264', 'video/AV1']),
    );
    for (const client of [host, viewer]) {
      await client.event('peer.joined', ({ peer }) => peer.peerId === cohost.peerId);
    }
    expect(host.all('peer.joined').map(({ peer }) => peer.peerId)).toEqual([cohost.peerId]);
    expect(viewer.all('peer.joined').map(({ peer }) => peer.peerId)).toEqual([cohost.peerId]);
    await cohost.request('room.leave', {});
    expect(await viewer.event('peer.left')).toEqual({ peerId: cohost.peerId, reason: 'left' });
  });

  it('is of a new peer in the same place when nothing of the older one is left to its client', async () => {
    const viewer = await sfu.join({ sessionId, role: 'viewer' });
    const grant = { sessionId, peerId: randomUUID() };
    const host = await sfu.join(grant);
    const producerId = await host.speak();
    host.close();
    const again = await sfu.connect(sfu.token(grant));
    expect((await again.join({ anew: true })).resumed).toBe(false);
    await viewer.event('producer.removed', (removed) => removed.producerId === producerId);
    const second = await again.speak();
    await viewer.event('producer.added', ({ producer }) => producer.producerId === second);
    const ofHost = async () =>
      (await sfu.facts()).filter((fact) => 'peerId' in fact && fact.peerId === host.peerId);
    await until('the facts', async () => (await ofHost()).length === 3);
    expect((await ofHost())[1]).toMatchObject({ type: 'stage.peerLeft', reason: 'takenOver' });
  });

  it('gives transports with all that a client needs', async () => {
    const host = await sfu.join({ sessionId });
    const transport = await host.request('transport.create', { direction: 'send' });
    const protocols = transport.iceCandidates.map(({ protocol }) => protocol);
    expect(protocols).toEqual(expect.arrayContaining(['udp', 'tcp']));
    expect(transport.iceCandidates.every(({ port }) => port > 0)).toBe(true);
    expect(transport.iceServers).toEqual([{ urls: ['stun:stun.example:3478'] }]);
    const { transportId } = transport;
    await host.request('transport.connect', { transportId, dtlsParameters: someDtlsParameters });
    const again = await host.request('transport.restartIce', { transportId });
    expect(again.iceParameters.usernameFragment).not.toBe(transport.iceParameters.usernameFragment);
    await host.request('transport.close', { transportId });
    await expect(host.request('transport.restartIce', { transportId })).rejects.toEqual(code('not_found'));
  });

  it('sends nothing of what somebody receives before they resume it', async () => {
    const ingress = await sfu.join({ sessionId, role: 'ingress' });
    const egress = await sfu.join({ sessionId, role: 'egress' });
    const voice = await Voice.start(ingress);
    const { producerId } = (await egress.event('producer.added')).producer;
    const room = sfu.running.rooms.find(sessionId)!;
    const sink = await RtpSink.open(egress, producerId);
    try {
      const [consumer] = room.peers.get(egress.peerId)!.consumers.all;
      const stats = async () => (await consumer!.getStats()).find(({ type }) => type === 'outbound-rtp')!;
      const came = async () => (await room.shown(producerId).stats())[0]?.packetCount ?? 0;
      const before = await came();
      await until('more of what is sent', async () => (await came()) >= before + 50, 30_000);
      expect(consumer?.paused).toBe(true);
      expect(await stats()).toMatchObject({ packetCount: 0, byteCount: 0 });
      expect(sink.packets).toBe(0);
      await sink.resume();
      expect(consumer?.paused).toBe(false);
      await until('what is sent', () => sink.packets >= 10, 30_000);
      expect((await stats()).packetCount).toBeGreaterThanOrEqual(10);
    } finally {
      sink.close();
      voice.close();
    }
  }, 90_000);

  it('lets viewers receive, paused at first, and tells them when it ends', async () => {
    const host = await sfu.join({ sessionId });
    const viewer = await sfu.join({ sessionId, role: 'viewer' });
    const producerId = await host.speak();
    expect((await viewer.event('producer.added')).producer.producerId).toBe(producerId);
    const consumerId = await receive(viewer, producerId);
    await viewer.request('consumer.resume', { consumerId });
    await viewer.request('consumer.pause', { consumerId });
    await viewer.request('consumer.requestKeyFrame', { consumerId });
    await viewer.request('consumer.setSize', { consumerId, width: 320, height: 180 });
    await host.request('producer.close', { producerId });
    expect(await viewer.event('consumer.closed')).toEqual({ consumerId });
    expect(await viewer.event('producer.removed')).toEqual({ producerId, peerId: host.peerId });
    await expect(viewer.request('consumer.resume', { consumerId })).rejects.toEqual(code('not_found'));
  });
});

describe('tokens', () => {
  it.each(['', 'nonsense', 'a.b.c'])('refuses %j', async (token) => {
    await expect(sfu.connect(token)).rejects.toEqual(code('token_invalid'));
  });

  it('refuses an expired one, one of another secret, and one of another audience', async () => {
    const claims = jwt.decode(sfu.token({ sessionId })) as jwt.JwtPayload;
    const old = { ...claims, iat: (claims.iat ?? 0) - 700, exp: (claims.exp ?? 0) - 700 };
    await expect(sfu.connect(jwt.sign(old, secret))).rejects.toEqual(code('token_expired'));
    await expect(sfu.connect(jwt.sign(claims, 'z'.repeat(32)))).rejects.toEqual(code('token_invalid'));
    const other = jwt.sign({ ...claims, aud: 'internal' }, secret);
    await expect(sfu.connect(other)).rejects.toEqual(code('token_invalid'));
    expect(sfu.running.rooms.find(sessionId)).toBeUndefined();
  });

  it('refuses a room of the other type, and the peer id of somebody else', async () => {
    const host = await sfu.join({ sessionId, userId: randomUUID() });
    await expect(sfu.join({ sessionId, sessionType: 'audio' })).rejects.toEqual(code('conflict'));
    const thief = { sessionId, peerId: host.peerId, userId: randomUUID() };
    await expect(sfu.join(thief)).rejects.toEqual(code('forbidden'));
    expect(host.socket.connected).toBe(true);
  });
});

describe('rights', () => {
  it('leaves a viewer nothing to send with', async () => {
    const viewer = await sfu.join({ sessionId, role: 'viewer' });
    await expect(viewer.request('transport.create', { direction: 'send' })).rejects.toEqual(
      code('forbidden'),
    );
    const { transportId } = await viewer.request('transport.create', { direction: 'receive' });
    const input = {
      transportId,
      kind: 'audio',
      source: 'microphone',
      rtpParameters: opusParameters(),
    } as const;
    await expect(viewer.request('producer.create', input)).rejects.toEqual(code('forbidden'));
    await expect(
      viewer.request('transport.createPlain', { direction: 'receive', remote: { ip: '127.0.0.1', port: 9 } }),
    ).rejects.toEqual(code('forbidden'));
  });

  it('keeps everybody to what is their own', async () => {
    const host = await sfu.join({ sessionId });
    const cohost = await sfu.join({ sessionId, role: 'cohost' });
    const producerId = await host.speak();
    const consumerId = await receive(cohost, producerId);
    const { transportId } = await cohost.request('transport.create', { direction: 'send' });
    const attempts = [
      cohost.request('producer.pause', { producerId }),
      cohost.request('producer.resume', { producerId }),
      cohost.request('producer.close', { producerId }),
      host.request('consumer.resume', { consumerId }),
      host.request('consumer.pause', { consumerId }),
      host.request('consumer.close', { consumerId }),
      host.request('consumer.setSize', { consumerId, width: 1, height: 1 }),
      host.request('consumer.requestKeyFrame', { consumerId }),
      host.request('transport.close', { transportId }),
      host.request('transport.restartIce', { transportId }),
      host.request('transport.connect', { transportId, dtlsParameters: someDtlsParameters }),
    ];
    for (const attempt of attempts) await expect(attempt).rejects.toEqual(code('not_found'));
    const { rtpCapabilities } = host.room!;
    const { transportId: own } = await host.request('transport.create', { direction: 'receive' });
    await expect(
      host.request('consumer.create', { transportId: own, producerId, rtpCapabilities }),
    ).rejects.toEqual(code('conflict'));
  });

  it('keeps video out of an audio session', async () => {
    const host = await sfu.join({ sessionId, sessionType: 'audio' });
    const { transportId } = await host.request('transport.create', { direction: 'send' });
    const input = { transportId, kind: 'video', source: 'camera', rtpParameters: h264Parameters() } as const;
    await expect(host.request('producer.create', input)).rejects.toEqual(code('forbidden'));
  });

  it('gives WebRTC to people and plain RTP to our services, each in its direction', async () => {
    const host = await sfu.join({ sessionId });
    const ingress = await sfu.join({ sessionId, role: 'ingress' });
    const egress = await sfu.join({ sessionId, role: 'egress' });
    const plain = (client: TestClient, direction: 'send' | 'receive') =>
      client.request('transport.createPlain', { direction, remote: { ip: '127.0.0.1', port: 9 } });
    await expect(plain(host, 'send')).rejects.toEqual(code('forbidden'));
    await expect(plain(ingress, 'receive')).rejects.toEqual(code('forbidden'));
    await expect(plain(egress, 'send')).rejects.toEqual(code('forbidden'));
    await expect(egress.request('transport.create', { direction: 'receive' })).rejects.toEqual(
      code('forbidden'),
    );
    expect((await plain(egress, 'receive')).port).toBeGreaterThan(0);
    await expect(
      egress.request('transport.createPlain', { direction: 'receive', remote: null }),
    ).rejects.toEqual(code('validation_failed'));
  });

  it('tells our services how many people are there', async () => {
    const ingress = await sfu.join({ sessionId, role: 'ingress' });
    await ingress.event('room.audience', ({ viewers }) => viewers === 0);
    const viewer = await sfu.join({ sessionId, role: 'viewer' });
    await ingress.event('room.audience', ({ viewers }) => viewers === 1);
    await viewer.request('room.leave', {});
    await until('nobody watching', () => ingress.all('room.audience').at(-1)?.viewers === 0);
    expect(viewer.all('room.audience')).toEqual([]);
  });
});

describe('limits', () => {
  it('bounds transports and sources of a peer', async () => {
    const host = await sfu.join({ sessionId });
    await host.speak();
    const { transportId } = await host.request('transport.create', { direction: 'send' });
    const second = {
      transportId,
      kind: 'audio',
      source: 'microphone',
      rtpParameters: opusParameters(5),
    } as const;
    await expect(host.request('producer.create', second)).rejects.toEqual(code('conflict'));
    const many = Array.from({ length: 3 }, () => host.request('transport.create', { direction: 'send' }));
    const results = await Promise.allSettled(many);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  });

  it('bounds the consumers of a peer', async () => {
    const host = await sfu.join({ sessionId });
    const producerId = await host.speak();
    const viewer = await sfu.join({ sessionId, role: 'viewer' });
    const { transportId } = await viewer.request('transport.create', { direction: 'receive' });
    const { rtpCapabilities } = viewer.room!;
    const many = Array.from({ length: 129 }, () =>
      viewer.request('consumer.create', { transportId, producerId, rtpCapabilities }),
    );
    const results = await Promise.allSettled(many);
    const refused = results.filter(({ status }) => status === 'rejected');
    expect(refused).toEqual([{ status: 'rejected', reason: code('conflict') }]);
  });

  it('has space for 20 on stage, 8 of them with video', async () => {
    const people = [];
    for (let index = 0; index < 20; index++) people.push(await sfu.join({ sessionId, role: 'cohost' }));
    await expect(sfu.join({ sessionId, role: 'cohost' })).rejects.toEqual(code('conflict'));
    await sfu.join({ sessionId, role: 'viewer' });
    const show = async (client: TestClient): Promise<unknown> => {
      const { transportId } = await client.request('transport.create', { direction: 'send' });
      const rtpParameters = h264Parameters();
      return client.request('producer.create', {
        transportId,
        kind: 'video',
        source: 'camera',
        rtpParameters,
      });
    };
    for (const client of people.slice(0, 8)) await show(client);
    await expect(show(people[8]!)).rejects.toEqual(code('conflict'));
  });

  it('bounds the rate of requests', async () => {
    const viewer = await sfu.join({ sessionId, role: 'viewer' });
    const many = Array.from({ length: 320 }, () => viewer.raw('consumer.pause', { consumerId: 'x' }));
    const results = await Promise.allSettled(many);
    const codes: unknown[] = results.map((result) =>
      result.status === 'rejected' ? (result.reason as unknown) : undefined,
    );
    expect(codes[0]).toEqual(code('not_found'));
    expect(codes.at(-1)).toEqual(code('rate_limited'));
    // More than twice what is let through in ten seconds, wherever these begin.
    for (let index = 0; index < 1_900; index++) viewer.socket.emit('consumer.pause', {});
    await viewer.disconnected();
  });
});

describe('nonsense', () => {
  const requests = Object.keys(signalingRequests).filter(
    (name) => name !== 'room.join' && name !== 'room.leave',
  );

  it.each(requests)('%s is refused without having joined', async (name) => {
    const client = await sfu.connect(sfu.token({ sessionId }));
    await expect(client.raw(name, {})).rejects.toEqual(code('conflict'));
  });

  it.each(requests)('%s refuses what does not fit its schema', async (name) => {
    const client = await sfu.join({ sessionId });
    for (const payload of [undefined, null, 7, 'text', [], {}, { transportId: { $ne: 1 } }]) {
      await expect(client.raw(name, payload)).rejects.toEqual(code('validation_failed'));
    }
    await client.request('transport.create', { direction: 'send' });
  });

  it('survives calls without an answer, and requests that do not exist', async () => {
    const client = await sfu.join({ sessionId });
    client.socket.emit('transport.create', { direction: 'send' });
    client.socket.emit('producer.create');
    client.socket.emit('room.destroy', {}, 1, 2);
    await client.request('transport.create', { direction: 'receive' });
  });

  it('refuses parameters that mediasoup can not use', async () => {
    const host = await sfu.join({ sessionId });
    const { transportId } = await host.request('transport.create', { direction: 'send' });
    const produce = (rtpParameters: ReturnType<typeof opusParameters>) =>
      host.request('producer.create', { transportId, kind: 'audio', source: 'microphone', rtpParameters });
    const codec = { mimeType: 'audio/GSM', payloadType: 3, clockRate: 8_000 };
    await expect(produce({ codecs: [codec], encodings: [{ ssrc: 1 }] })).rejects.toEqual(code('bad_request'));
    await expect(produce({ ...opusParameters(), encodings: undefined })).rejects.toEqual(code('bad_request'));
    const wrong = {
      transportId,
      kind: 'video',
      source: 'microphone',
      rtpParameters: opusParameters(),
    } as const;
    await expect(host.request('producer.create', wrong)).rejects.toEqual(code('validation_failed'));
    const viewer = await sfu.join({ sessionId, role: 'viewer' });
    const producerId = await host.speak();
    const { transportId: receiving } = await viewer.request('transport.create', { direction: 'receive' });
    await expect(
      viewer.request('consumer.create', { transportId: receiving, producerId, rtpCapabilities: {} }),
    ).rejects.toEqual(code('unsupported_media_type'));
  });

  it('joins once', async () => {
    const client = await sfu.join({ sessionId });
    await expect(client.join()).rejects.toEqual(code('conflict'));
  });
});
