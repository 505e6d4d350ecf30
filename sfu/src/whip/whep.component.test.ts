import { randomUUID } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { call, publish, refusal, sdp, type Call } from './testing/httpCalls.ts';
import { anotherLine, offerOf } from './testing/offers.ts';
import { iceServersEnv, internalSecret, WhipStand } from './testing/WhipStand.ts';

let stand: WhipStand;
beforeAll(async () => {
  stand = await WhipStand.start({ env: { ...iceServersEnv, TRUST_PROXY: '1' } });
});
afterAll(() => stand.close());
afterEach(() => {
  for (const room of stand.rooms.all) room.close('sessionEnded');
});

describe('POST /whep/:sessionId', () => {
  const offer = offerOf('chromiumViewer');

  async function live(): Promise<string> {
    const { streamKey, grant } = stand.allow();
    expect((await publish(stand, streamKey)).status).toBe(201);
    return grant.sessionId;
  }

  it("answers 201 with the player's own payload types, sending only", async () => {
    const sessionId = await live();
    const response = await call(stand, `/whep/${sessionId}`, {
      token: stand.token(sessionId),
      type: sdp,
      body: offer,
    });
    expect(response.status).toBe(201);
    expect(response.headers.get('content-type')).toBe('application/sdp; charset=utf-8');
    expect(response.headers.get('location')).toMatch(/^\/whep\/sessions\/[\w-]{32}$/);
    expect(response.headers.get('etag')).toMatch(/^"[\w-]+"$/);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('access-control-expose-headers')?.split(',')).toEqual(
      expect.arrayContaining(['location', 'etag', 'link']),
    );
    expect(response.headers.get('link')).toContain('rel="ice-server"');
    const answer = await response.text();
    expect(answer.match(/a=sendonly/g)).toHaveLength(2);
    expect(answer).toContain('a=rtpmap:111 opus/48000/2');
    expect(answer).toContain('a=rtpmap:108 H264/90000');
    expect(answer).not.toContain('a=ssrc');
  });

  it('serves players that number differently', async () => {
    const sessionId = await live();
    for (const name of ['chromiumViewer', 'aiortcViewer', 'chromiumViewer'] as const) {
      const request = { token: stand.token(sessionId), type: sdp, body: offerOf(name) };
      expect((await call(stand, `/whep/${sessionId}`, request)).status).toBe(201);
    }
    const routers = stand.pool.workers[0]?.counts.routers;
    // The room's own and one for each way of numbering.
    expect(routers).toBe(3);
  });

  it('lets nobody take up all ways of numbering: 429 for one address, until its players go; others come in', async () => {
    const sessionId = await live();
    const tokens: string[] = [];
    const play = (payloadType: number, address: string): Promise<Response> => {
      const token = stand.token(sessionId);
      tokens.push(token);
      const body = offer.replaceAll('63 111/111', '63 0/0').replaceAll(/\b111\b/g, String(payloadType));
      return call(stand, `/whep/${sessionId}`, {
        token,
        type: sdp,
        body,
        headers: { 'x-forwarded-for': address },
      });
    };
    const first = await play(50, '192.0.2.1');
    const more = await Promise.all([51, 52, 53].map((payloadType) => play(payloadType, '192.0.2.1')));
    expect([first, ...more].map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    const refused = await play(54, '192.0.2.1');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refusal(refused)).toMatchObject({ status: 429, code: 'rate_limited' });
    expect((await play(53, '192.0.2.1')).status).toBe(201);
    expect((await play(54, '192.0.2.2')).status).toBe(201);
    const end = { method: 'DELETE', token: tokens[0] ?? '' };
    expect((await call(stand, first.headers.get('location') ?? '', end)).status).toBe(200);
    expect((await play(55, '192.0.2.1')).status).toBe(201);
  });

  it('says 409 and when to come again when nobody publishes', async () => {
    const { sessionId } = stand.allow().grant;
    const response = await call(stand, `/whep/${sessionId}`, {
      token: stand.token(sessionId),
      type: sdp,
      body: offer,
    });
    expect(response.headers.get('retry-after')).toBe('3');
    expect(await refusal(response)).toMatchObject({ status: 409, code: 'wrong_state' });
  });

  it('says 503 and when to come again when the node is full', async () => {
    const full = await WhipStand.start({ consumersPerWorker: 1 });
    try {
      const { streamKey, grant } = full.allow();
      expect((await publish(full, streamKey)).status).toBe(201);
      const statuses: number[] = [];
      for (let count = 0; count < 3 && statuses.at(-1) !== 503; count++) {
        const response = await call(full, `/whep/${grant.sessionId}`, {
          token: full.token(grant.sessionId),
          type: sdp,
          body: offer,
        });
        statuses.push(response.status);
        if (response.status === 503) expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      }
      expect(statuses).toEqual([201, 503]);
    } finally {
      await full.close();
    }
  });

  /** What is asked in place of a right request, where `token` is a right one. */
  type Wrong = (sessionId: string, token: string) => Call;
  const expired = (token: string): string => {
    const { iat, exp, ...claims } = jwt.decode(token) as { iat: number; exp: number };
    return jwt.sign({ ...claims, iat: iat - 3_600, exp: exp - 3_600 }, internalSecret);
  };
  const forged = (sessionId: string, token: string): string => {
    const claims = JSON.stringify({ aud: 'sfu', sessionId, role: 'viewer' });
    return token.replace(/\..*\./, `.${Buffer.from(claims).toString('base64url')}.`);
  };
  const dataChannel = 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n';
  const wrong: [string, number, string, Wrong][] = [
    ['no token', 401, 'unauthenticated', () => ({ token: undefined })],
    ['an empty token', 401, 'unauthenticated', () => ({ token: '' })],
    ['an expired token', 401, 'token_expired', (_id, token) => ({ token: expired(token) })],
    ['a stream key', 403, 'forbidden', () => ({ token: stand.allow().streamKey })],
    ['a token of another session', 403, 'forbidden', () => ({ token: stand.token(randomUUID()) })],
    ['a token of another role', 403, 'forbidden', (id) => ({ token: stand.token(id, { role: 'host' }) })],
    ['a forged token', 403, 'forbidden', (id, token) => ({ token: forged(id, token) })],
    ['another media type', 415, 'unsupported_media_type', () => ({ type: 'application/json' })],
    ['no media type', 415, 'unsupported_media_type', () => ({ type: undefined })],
    ['no body', 400, 'bad_request', () => ({ body: undefined })],
    ['nonsense', 400, 'bad_request', () => ({ body: 'nonsense' })],
    ['a body without end', 413, 'payload_too_large', () => ({ body: offer.padEnd(70_000, '\r\n') })],
    [
      'the wrong direction',
      422,
      'validation_failed',
      () => ({ body: offer.replaceAll('recvonly', 'sendonly') }),
    ],
    [
      'more m-lines than one of each kind',
      422,
      'validation_failed',
      () => ({ body: offer + anotherLine(offer, 'video', 2) }),
    ],
    [
      'as many m-lines as a body holds',
      422,
      'validation_failed',
      () => ({ body: offer + 'm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n'.repeat(1_700) }),
    ],
    ['a data channel', 422, 'validation_failed', () => ({ body: offer + dataChannel })],
    ['no BUNDLE', 422, 'validation_failed', () => ({ body: offer.replace(/a=group:BUNDLE.*\r\n/, '') })],
    ['no rtcp-mux', 422, 'validation_failed', () => ({ body: offer.replace('a=rtcp-mux\r\n', '') })],
    [
      'ICE lite without an address',
      422,
      'validation_failed',
      () => ({ body: offer.replace('t=0 0\r\n', '$&a=ice-lite\r\n') }),
    ],
    [
      'codecs nobody has',
      422,
      'validation_failed',
      () => ({ body: offer.replaceAll('H264/90000', 'H265/90000').replaceAll('opus', 'x') }),
    ],
  ];
  it.each(wrong)('refuses %s', async (_what, status, code, change) => {
    const sessionId = await live();
    const token = stand.token(sessionId);
    const request = { token, type: sdp, body: offer, ...change(sessionId, token) };
    const response = await call(stand, `/whep/${sessionId}`, request);
    expect(response.headers.get('www-authenticate')).toBe(status === 401 ? 'Bearer' : null);
    expect(response.headers.get('location')).toBeNull();
    expect(await refusal(response)).toMatchObject({ status, code });
    expect(stand.rooms.find(sessionId)?.peers.size).toBe(1);
  });

  it('takes no token from the query', async () => {
    const sessionId = await live();
    const path = `/whep/${sessionId}?token=${stand.token(sessionId)}`;
    expect(await refusal(await call(stand, path, { type: sdp, body: offer }))).toMatchObject({ status: 401 });
  });

  it('says what is sent when the player knows none of it', async () => {
    const sessionId = await live();
    const body = offer.replaceAll('H264/90000', 'H265/90000');
    const videoOnly = body.slice(0, body.indexOf('m=audio')) + body.slice(body.indexOf('m=video'));
    const request = {
      token: stand.token(sessionId),
      type: sdp,
      body: videoOnly.replace('BUNDLE 0 1', 'BUNDLE 1'),
    };
    expect(await refusal(await call(stand, `/whep/${sessionId}`, request))).toMatchObject({
      status: 422,
      detail: 'The session sends audio/opus, video/H264, which the offer has no m-line for.',
    });
  });
});
