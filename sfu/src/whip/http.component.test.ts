import { errorBody } from '@maydan/contracts';
import { offerOf } from './testing/offers.ts';
import { WhipStand } from './testing/WhipStand.ts';

let stand: WhipStand;
beforeAll(async () => {
  stand = await WhipStand.start({
    env: {
      SFU_STUN_URLS: 'stun:stun.example.org:3478',
      TURN_URLS: 'turn:turn.example.org:3478?transport=udp,turns:turn.example.org:5349',
      TURN_SECRET: 'a secret that coturn knows',
    },
  });
}, 30_000);
afterAll(() => stand.close());
afterEach(() => {
  for (const room of stand.rooms.all) room.close('sessionEnded');
});

interface Call {
  readonly method?: string;
  readonly token?: string;
  readonly type?: string;
  readonly body?: string;
  readonly ifMatch?: string;
}

function call(path: string, { method = 'POST', token, type, body, ifMatch }: Call): Promise<Response> {
  return fetch(new URL(path, stand.url), {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(type === undefined ? {} : { 'content-type': type }),
      ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
    },
    ...(body === undefined ? {} : { body }),
  });
}

const sdp = 'application/sdp';
const fragment = 'application/trickle-ice-sdpfrag';
const obs = offerOf('obsPublisher');
const candidate = 'a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host';

function publish(token: string, body = obs): Promise<Response> {
  return call('/whip', { token, type: sdp, body });
}

/** The status, after the body was held to both shapes it has. */
async function refusal(response: Response): Promise<{ status: number; code: string; detail: string }> {
  const body = (await response.json()) as { status: number; detail: string; title: string; type: string };
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  expect(response.headers.get('access-control-allow-origin')).toBe('*');
  expect(body).toMatchObject({ type: 'about:blank', status: response.status });
  expect(body.title).not.toBe('');
  const { error } = errorBody.parse(body);
  expect(body.detail).toBe(error.message);
  return { status: response.status, code: error.code, detail: body.detail };
}

describe('POST /whip', () => {
  it('answers 201 with all that a client needs', async () => {
    const { streamKey, grant } = stand.allow();
    const response = await publish(streamKey);
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

  it('gives every client a URL of its own that is not the key', async () => {
    const { streamKey } = stand.allow();
    const { streamKey: other } = stand.allow();
    const places = await Promise.all([publish(streamKey), publish(other)]);
    const urls = places.map(({ headers }) => headers.get('location') ?? '');
    expect(new Set(urls).size).toBe(2);
    expect(urls.join()).not.toContain(streamKey);
  });

  it('says its absolute URL behind a public one', async () => {
    const behind = await WhipStand.start({ env: { SFU_PUBLIC_URL: 'https://live.example.org/sfu/' } });
    try {
      const response = await fetch(`${behind.url}/whip`, {
        method: 'POST',
        headers: { authorization: `Bearer ${behind.allow().streamKey}`, 'content-type': sdp },
        body: obs,
      });
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
      expect((await publish(stand.allow().streamKey, offerOf(name))).status).toBe(201);
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
      'a body without end',
      { token: 'key', type: sdp, body: obs.padEnd(70_000, '\r\n') },
      413,
      'payload_too_large',
    ],
  ];
  it.each(wrong)('refuses %s', async (_what, request, status, code) => {
    expect(await refusal(await call('/whip', request))).toMatchObject({ status, code });
    expect(stand.rooms.all).toEqual([]);
  });

  it('asks for a token by its scheme', async () => {
    const response = await call('/whip', { type: sdp, body: obs });
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('takes no token from the query', async () => {
    const { streamKey } = stand.allow();
    const path = `/whip?token=${streamKey}&access_token=${streamKey}`;
    expect((await call(path, { type: sdp, body: obs })).status).toBe(401);
  });

  it('says 503 and when to come again while there is no Worker, and leaves nothing', async () => {
    const failing = await WhipStand.start();
    try {
      failing.rooms.close();
      const response = await fetch(`${failing.url}/whip`, {
        method: 'POST',
        headers: { authorization: `Bearer ${failing.allow().streamKey}`, 'content-type': sdp },
        body: obs,
      });
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
      const post = (body: string): Promise<Response> =>
        fetch(`${audio.url}/whip`, {
          method: 'POST',
          headers: { authorization: `Bearer ${streamKey}`, 'content-type': sdp },
          body,
        });
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
      const guess = (token: string): Promise<Response> =>
        fetch(`${guarded.url}/whip`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': sdp },
          body: obs,
        });
      for (let count = 0; count < 10; count++) expect((await guess(`guess-${count}`)).status).toBe(403);
      const response = await guess(guarded.allow().streamKey);
      expect(response.headers.get('retry-after')).toBe('60');
      expect(await refusal(response)).toMatchObject({ status: 429, code: 'rate_limited' });
    } finally {
      await guarded.close();
    }
  });
});

describe('POST /whep/:sessionId', () => {
  const offer = offerOf('chromiumViewer');

  async function live(): Promise<string> {
    const { streamKey, grant } = stand.allow();
    expect((await publish(streamKey)).status).toBe(201);
    return grant.sessionId;
  }

  it("answers 201 with the player's own payload types, sending only", async () => {
    const sessionId = await live();
    const response = await call(`/whep/${sessionId}`, {
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
      expect((await call(`/whep/${sessionId}`, request)).status).toBe(201);
    }
    const routers = stand.pool.workers[0]?.counts.routers;
    // The room's own and one for each way of numbering.
    expect(routers).toBe(3);
  });

  it('says 409 and when to come again when nobody publishes', async () => {
    const { sessionId } = stand.allow().grant;
    const response = await call(`/whep/${sessionId}`, {
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
      const post = (path: string, token: string, body: string): Promise<Response> =>
        fetch(full.url + path, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': sdp },
          body,
        });
      expect((await post('/whip', streamKey, obs)).status).toBe(201);
      const statuses: number[] = [];
      for (let count = 0; count < 3 && statuses.at(-1) !== 503; count++) {
        const response = await post(`/whep/${grant.sessionId}`, full.token(grant.sessionId), offer);
        statuses.push(response.status);
        if (response.status === 503) expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      }
      expect(statuses).toEqual([201, 503]);
    } finally {
      await full.close();
    }
  });

  it('refuses other tokens and other offers, and lets nobody in', async () => {
    const sessionId = await live();
    const post = async (request: Call): Promise<number> =>
      (await refusal(await call(`/whep/${sessionId}`, { type: sdp, body: offer, ...request }))).status;
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
    expect((await call(`/whep/${sessionId}?token=${token}`, { type: sdp, body: offer })).status).toBe(401);
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
    expect(await refusal(await call(`/whep/${sessionId}`, request))).toMatchObject({
      status: 422,
      detail: 'The session sends audio/opus, video/H264, which the offer has no m-line for.',
    });
  });
});

describe('the resource', () => {
  async function create(): Promise<{ path: string; etag: string; token: string; sessionId: string }> {
    const { streamKey, grant } = stand.allow();
    const { headers } = await publish(streamKey);
    const path = headers.get('location') ?? '';
    return { path, etag: headers.get('etag') ?? '', token: streamKey, sessionId: grant.sessionId };
  }
  const trickled = `a=ice-ufrag:nxcM\r\na=ice-pwd:ezjAjgSSLLvbRhUA1zc6Se\r\n${candidate}\r\n`;
  const restarted = 'a=ice-ufrag:new1\r\na=ice-pwd:newnewnewnewnewnewnewnew\r\n';

  it('takes candidates of the ICE session at hand: 204, nothing else', async () => {
    const { path, etag, token } = await create();
    const patch = { method: 'PATCH', token, type: fragment, ifMatch: etag };
    const response = await call(path, { ...patch, body: trickled });
    expect(response.status).toBe(204);
    expect(response.headers.get('etag')).toBeNull();
    const unknown =
      'a=ice-ufrag:nxcM\r\na=candidate:1 1 quic 1 nowhere.local 9 typ new\r\na=end-of-candidates\r\n';
    expect((await call(path, { ...patch, body: unknown })).status).toBe(204);
  });

  it('restarts ICE: 200, new credentials, a new entity tag', async () => {
    const { path, etag, token } = await create();
    const response = await call(path, {
      method: 'PATCH',
      token,
      type: fragment,
      ifMatch: '*',
      body: restarted,
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain(fragment);
    const newEtag = response.headers.get('etag') ?? '';
    expect(newEtag).toMatch(/^"[\w-]+"$/);
    expect(newEtag).not.toBe(etag);
    const body = await response.text();
    expect(body).toMatch(/a=ice-ufrag:.+\r\n/);
    expect(body).toMatch(/a=candidate:.+ udp .+\r\n/);
    const late = { method: 'PATCH', token, type: fragment, body: trickled };
    expect((await call(path, { ...late, ifMatch: etag })).status).toBe(412);
    const current = { ...late, body: trickled.replace('nxcM', 'new1') };
    expect((await call(path, { ...current, ifMatch: newEtag })).status).toBe(204);
  });

  it('refuses a PATCH without, or with a stale or weak, If-Match; the session goes on', async () => {
    const { path, etag, token, sessionId } = await create();
    const patch = { method: 'PATCH', token, type: fragment, body: trickled };
    expect(await refusal(await call(path, patch))).toMatchObject({
      status: 428,
      code: 'precondition_required',
    });
    expect(await refusal(await call(path, { ...patch, ifMatch: '"stale"' }))).toMatchObject({ status: 412 });
    expect((await call(path, { ...patch, ifMatch: `W/${etag}` })).status).toBe(412);
    expect((await call(path, { ...patch, ifMatch: `"stale", ${etag}` })).status).toBe(204);
    const noPassword = { ...patch, body: 'a=ice-ufrag:new1\r\n', ifMatch: '*' };
    expect(await refusal(await call(path, noPassword))).toMatchObject({ status: 422 });
    expect((await call(path, { ...patch, ifMatch: etag })).status).toBe(204);
    expect(stand.rooms.find(sessionId)?.producers).toHaveLength(2);
  });

  it('refuses other bodies and other tokens', async () => {
    const { path, etag, token } = await create();
    const patch = { method: 'PATCH', token, type: fragment, ifMatch: etag };
    expect(await refusal(await call(path, { ...patch, type: sdp, body: trickled }))).toMatchObject({
      status: 415,
    });
    expect(await refusal(await call(path, { ...patch, body: 'nonsense' }))).toMatchObject({ status: 400 });
    expect(await refusal(await call(path, { ...patch, body: '' }))).toMatchObject({ status: 400 });
    for (const method of ['PATCH', 'DELETE']) {
      const request = { ...patch, method, body: trickled };
      const other = stand.allow().streamKey;
      expect(await refusal(await call(path, { ...request, token: undefined }))).toMatchObject({
        status: 401,
      });
      expect(await refusal(await call(path, { ...request, token: other }))).toMatchObject({ status: 403 });
      expect(await refusal(await call('/whip/sessions/guessed', request))).toMatchObject({ status: 404 });
    }
  });

  it('ends the media with DELETE, whatever the entity tag, and says 200 again', async () => {
    const { path, token, sessionId } = await create();
    expect(stand.rooms.find(sessionId)?.producers).toHaveLength(2);
    const response = await call(path, { method: 'DELETE', token, ifMatch: '"stale"' });
    expect(response.status).toBe(200);
    expect(stand.rooms.find(sessionId)).toBeUndefined();
    expect((await call(path, { method: 'DELETE', token })).status).toBe(200);
    const patch = { method: 'PATCH', token, type: fragment, ifMatch: '*', body: restarted };
    expect((await call(path, patch)).status).toBe(404);
  });

  it('is no door from WHEP to WHIP', async () => {
    const { path, token } = await create();
    const there = path.replace('/whip/', '/whep/');
    expect((await call(there, { method: 'DELETE', token })).status).toBe(404);
  });

  it('ends when a newer connection of the key takes over', async () => {
    const { path, token, sessionId } = await create();
    await stand.takeOver(token);
    expect((await publish(token)).status).toBe(201);
    const room = stand.rooms.find(sessionId);
    expect(room?.peers.size).toBe(1);
    expect(room?.producers).toHaveLength(2);
    const patch = { method: 'PATCH', token, type: fragment, ifMatch: '*', body: restarted };
    expect((await call(path, patch)).status).toBe(404);
    expect((await call(path, { method: 'DELETE', token })).status).toBe(200);
    expect(stand.rooms.find(sessionId)?.producers).toHaveLength(2);
  });
});

describe('other methods', () => {
  it.each(['/whip', '/whip/sessions/x', '/whep/x', '/whep/sessions/x'])('of %s', async (path) => {
    for (const method of ['GET', 'HEAD']) {
      const response = await call(path, { method });
      expect(response.status).toBe(204);
      expect(await response.text()).toBe('');
    }
    const options = await call(path, { method: 'OPTIONS' });
    expect(options.status).toBe(200);
    expect(options.headers.get('accept-post')).toBe(sdp);
    expect(options.headers.get('access-control-allow-origin')).toBe('*');
    expect(options.headers.get('access-control-allow-headers')?.split(',')).toEqual(
      expect.arrayContaining(['authorization', 'content-type', 'if-match']),
    );
    expect(options.headers.get('access-control-allow-methods')).toMatch(/POST,PATCH,DELETE/);
    expect(options.headers.get('link')).toBeNull();
    const put = await call(path, { method: 'PUT', token: 'x', type: sdp, body: obs });
    expect(put.headers.get('allow')).toContain('OPTIONS');
    expect(await refusal(put)).toMatchObject({ status: 405 });
  });
});
