import { call, publish, refusal, sdp, type Call } from './testing/httpCalls.ts';
import { offerOf } from './testing/offers.ts';
import { iceServersEnv, WhipStand } from './testing/WhipStand.ts';

let stand: WhipStand;
beforeAll(async () => {
  stand = await WhipStand.start({ env: iceServersEnv });
}, 30_000);
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
    expect(response.headers.get('location')).toMatch(/^\/whep\/sessions\/[\w-]{32}$/);
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
  }, 30_000);

  it('refuses other tokens and other offers, and lets nobody in', async () => {
    const sessionId = await live();
    const post = async (request: Call): Promise<number> =>
      (await refusal(await call(stand, `/whep/${sessionId}`, { type: sdp, body: offer, ...request }))).status;
    const { streamKey } = stand.allow();
    const token = stand.token(sessionId);
    const [header = '', , signature = ''] = token.split('.');
    expect(await post({})).toBe(401);
    expect(await post({ token: streamKey })).toBe(403);
    expect(await post({ token: stand.token(stand.allow().grant.sessionId) })).toBe(403);
    expect(await post({ token: stand.token(sessionId, { role: 'host' }) })).toBe(403);
    const forged = Buffer.from(JSON.stringify({ aud: 'sfu', sessionId, role: 'viewer' })).toString(
      'base64url',
    );
    expect(await post({ token: `${header}.${forged}.${signature}` })).toBe(403);
    expect(await post({ token, type: 'application/json' })).toBe(415);
    expect(await post({ token, body: 'nonsense' })).toBe(400);
    expect(await post({ token, body: offer.replaceAll('recvonly', 'sendonly') })).toBe(422);
    expect(
      await post({ token, body: offer.replaceAll('H264/90000', 'H265/90000').replaceAll('opus', 'x') }),
    ).toBe(422);
    expect((await call(stand, `/whep/${sessionId}?token=${token}`, { type: sdp, body: offer })).status).toBe(
      401,
    );
    expect(stand.rooms.find(sessionId)?.peers.size).toBe(1);
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
