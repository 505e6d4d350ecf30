import { call, obs, publish, refusal, sdp, type Call } from './testing/httpCalls.ts';
import { anotherLine, offerOf } from './testing/offers.ts';
import { iceServersEnv, WhipStand } from './testing/WhipStand.ts';

let stand: WhipStand;
beforeAll(async () => {
  stand = await WhipStand.start({ env: iceServersEnv });
});
afterAll(() => stand.close());
afterEach(() => {
  for (const room of stand.rooms.all) room.close('sessionEnded');
});

describe('POST /whip', () => {
  it('answers 201 with all that a client needs', async () => {
    const { streamKey, grant } = stand.allow();
    const response = await publish(stand, streamKey);
    expect(response.status).toBe(201);
    expect(response.headers.get('content-type')).toBe('application/sdp; charset=utf-8');
    expect(response.headers.get('location')).toMatch(/^\/whip\/sessions\/[\w-]{32}$/);
    expect(response.headers.get('etag')).toMatch(/^"[\w-]+"$/);
    expect(response.headers.get('access-control-expose-headers')?.split(',')).toEqual(
      expect.arrayContaining(['location', 'etag', 'link']),
    );
    const links = response.headers.get('link') ?? '';
    expect(links).toContain('<stun:stun.example.org:3478>; rel="ice-server"');
    expect(links).toMatch(
      /<turn:turn\.example\.org:3478\?transport=udp>; rel="ice-server"; username="\d+:[\w-]+"; credential="[\w+/=]+"; credential-type="password"/,
    );
    expect(links.match(/rel="ice-server"/g)).toHaveLength(3);
    const answer = await response.text();
    expect(answer).toMatch(/^v=0\r\n/);
    expect(answer.match(/a=candidate:.* udp .* typ host\r\n/g)).toHaveLength(2);
    expect(answer.match(/a=candidate:.* tcp .* typ host tcptype passive\r\n/g)).toHaveLength(2);
    const room = stand.rooms.find(grant.sessionId);
    expect(room?.producers.map(({ kind, codec }) => [kind, codec])).toEqual([
      ['audio', 'audio/opus'],
      ['video', 'video/H264'],
    ]);
    expect(room?.stage).toEqual([
      { peerId: grant.peerId, userId: grant.userId, displayName: 'Host', role: 'host' },
    ]);
  });

  it('agrees with whoever offers it on Opus without packets in silence (DTX), as publisher and as player', async () => {
    const offered = (sdpOffer: string): string => sdpOffer.replace('useinbandfec=1', '$&;usedtx=1');
    const { streamKey, grant } = stand.allow();
    const answers = [await (await publish(stand, streamKey, offered(obs))).text()];
    const body = offered(offerOf('chromiumViewer'));
    const token = stand.token(grant.sessionId);
    answers.push(await (await call(stand, `/whep/${grant.sessionId}`, { token, type: sdp, body })).text());
    for (const answer of answers) expect(answer).toMatch(/a=fmtp:111 \S*useinbandfec=1;\S*usedtx=1/);
    const [sound] = stand.rooms.find(grant.sessionId)?.producers ?? [];
    expect(sound?.encodings).toMatchObject([{ dtx: true }]);
    expect(await (await publish(stand, stand.allow().streamKey)).text()).not.toContain('usedtx');
  });

  it('gives every client a URL of its own that is not the key', async () => {
    const { streamKey } = stand.allow();
    const { streamKey: other } = stand.allow();
    const places = await Promise.all([publish(stand, streamKey), publish(stand, other)]);
    const urls = places.map(({ headers }) => headers.get('location') ?? '');
    expect(new Set(urls).size).toBe(2);
    expect(urls.join()).not.toContain(streamKey);
  });

  it('lets nobody in whose key was taken away, or who was banned, while they came in', async () => {
    const [revoked, banned] = [stand.allow(), stand.allow()];
    const { sessionId, peerId } = revoked.grant;
    const removals = [
      { type: 'removePeer', sessionId, whom: { peerId }, reason: 'removed' },
      { type: 'removeUser', userId: banned.grant.userId, reason: 'banned' },
    ] as const;
    for (const [nth, { streamKey, grant }] of [revoked, banned].entries()) {
      stand.rooms.once('opened', () => void stand.rooms.obey(removals[nth]!));
      const refused = await refusal(await publish(stand, streamKey));
      expect(refused).toMatchObject({ status: 403, code: 'forbidden' });
      expect(stand.rooms.find(grant.sessionId)).toBeUndefined();
    }
    expect((await publish(stand, stand.allow().streamKey)).status).toBe(201);
  });

  it('says its absolute URL behind a public one', async () => {
    const behind = await WhipStand.start({ env: { SFU_PUBLIC_URL: 'https://live.example.org/sfu/' } });
    try {
      const response = await publish(behind, behind.allow().streamKey);
      expect(response.headers.get('location')).toMatch(
        /^https:\/\/live\.example\.org\/sfu\/whip\/sessions\//,
      );
    } finally {
      await behind.close();
    }
  });

  it.each(['obsPublisher', 'gstreamerPublisher', 'aiortcPublisher', 'chromiumSimulcast'] as const)(
    'takes %s',
    async (name) => {
      expect((await publish(stand, stand.allow().streamKey, offerOf(name))).status).toBe(201);
    },
  );

  const wrong: [string, Call, number, string][] = [
    ['no token', { type: sdp, body: obs }, 401, 'unauthenticated'],
    ['an empty token', { token: '', type: sdp, body: obs }, 401, 'unauthenticated'],
    ['an unknown stream key', { token: 'key-of-nobody', type: sdp, body: obs }, 403, 'stream_key_refused'],
    ['a key that is too long', { token: 'k'.repeat(301), type: sdp, body: obs }, 403, 'stream_key_refused'],
    ['another media type', { token: 'key', type: 'text/plain', body: obs }, 415, 'unsupported_media_type'],
    ['no media type', { token: 'key', body: obs }, 415, 'unsupported_media_type'],
    ['no body', { token: 'key', type: sdp }, 400, 'bad_request'],
    ['nonsense', { token: 'key', type: sdp, body: 'nonsense' }, 400, 'bad_request'],
    [
      'the wrong direction',
      { token: 'key', type: sdp, body: obs.replaceAll('sendonly', 'recvonly') },
      422,
      'validation_failed',
    ],
    [
      'codecs nobody has',
      { token: 'key', type: sdp, body: obs.replace('H264/90000', 'H265/90000') },
      422,
      'validation_failed',
    ],
    [
      'more m-lines than one of each kind',
      { token: 'key', type: sdp, body: obs + anotherLine(obs, 'video', 2) },
      422,
      'validation_failed',
    ],
    [
      'as many m-lines as a body holds',
      { token: 'key', type: sdp, body: obs + 'm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n'.repeat(1_800) },
      422,
      'validation_failed',
    ],
    [
      'a body without end',
      { token: 'key', type: sdp, body: obs.padEnd(70_000, '\r\n') },
      413,
      'payload_too_large',
    ],
  ];
  it.each(wrong)('refuses %s', async (_what, request, status, code) => {
    expect(await refusal(await call(stand, '/whip', request))).toMatchObject({ status, code });
    expect(stand.rooms.all).toEqual([]);
  });

  it('asks for a token by its scheme', async () => {
    const response = await call(stand, '/whip', { type: sdp, body: obs });
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('takes no token from the query', async () => {
    const { streamKey } = stand.allow();
    const path = `/whip?token=${streamKey}&access_token=${streamKey}`;
    expect((await call(stand, path, { type: sdp, body: obs })).status).toBe(401);
  });

  it('says 503 and when to come again while there is no Worker, and leaves nothing', async () => {
    const failing = await WhipStand.start();
    try {
      failing.rooms.close();
      const response = await publish(failing, failing.allow().streamKey);
      expect(response.status).toBe(503);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    } finally {
      await failing.close();
    }
  });

  it('keeps video out of an audio session, whose publisher stays', async () => {
    const audio = await WhipStand.start({ sessionType: 'audio' });
    try {
      const { streamKey } = audio.allow();
      const post = (body: string): Promise<Response> => publish(audio, streamKey, body);
      const alone = obs.slice(0, obs.indexOf('m=video')).replace('BUNDLE 0 1', 'BUNDLE 0');
      expect((await post(alone)).status).toBe(201);
      expect(await refusal(await post(obs))).toMatchObject({
        status: 422,
        detail: expect.stringContaining('audio'),
      });
      expect(audio.rooms.all[0]?.peers.size).toBe(1);
    } finally {
      await audio.close();
    }
  });

  it('lets an address guess ten keys a minute', async () => {
    const guarded = await WhipStand.start();
    try {
      const guess = (token: string): Promise<Response> => publish(guarded, token);
      for (let count = 0; count < 10; count++) expect((await guess(`guess-${count}`)).status).toBe(403);
      const response = await guess(guarded.allow().streamKey);
      expect(response.headers.get('retry-after')).toBe('60');
      expect(await refusal(response)).toMatchObject({ status: 429, code: 'rate_limited' });
      // Whom no proxy of ours passes on, we don't believe.
      const feigned = guarded.allow().streamKey;
      expect((await publishFrom(guarded, '198.51.100.1', feigned)).status).toBe(429);
    } finally {
      await guarded.close();
    }
  });

  it('counts guesses by the address that a trusted proxy tells', async () => {
    const behind = await WhipStand.start({ env: { TRUST_PROXY: 'loopback' } });
    try {
      const guess = (count: number): Promise<Response> =>
        publishFrom(behind, '198.51.100.1', `guess-${count}`);
      const refused = await Promise.all(Array.from({ length: 10 }, (_, count) => guess(count)));
      expect(refused.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 403));
      expect((await publishFrom(behind, '198.51.100.1', behind.allow().streamKey)).status).toBe(429);
      expect((await publishFrom(behind, '198.51.100.2', behind.allow().streamKey)).status).toBe(201);
    } finally {
      await behind.close();
    }
  });
});

/** As a proxy passes it on. */
function publishFrom(at: WhipStand, address: string, token: string): Promise<Response> {
  return call(at, '/whip', { token, type: sdp, body: obs, headers: { 'x-forwarded-for': address } });
}
