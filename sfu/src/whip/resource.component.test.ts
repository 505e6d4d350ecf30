import { call, fragment, obs, publish, refusal, sdp } from './testing/httpCalls.ts';
import { offerOf } from './testing/offers.ts';
import { iceServersEnv, WhipStand } from './testing/WhipStand.ts';

const candidate = 'a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host';
let stand: WhipStand;
beforeAll(async () => {
  stand = await WhipStand.start({ env: iceServersEnv });
});
afterAll(() => stand.close());
afterEach(() => {
  for (const room of stand.rooms.all) room.close('sessionEnded');
});

interface Created {
  readonly path: string;
  readonly etag: string;
  readonly token: string;
  readonly sessionId: string;
  /** Of the client's offer. */
  readonly ufrag: string;
  /** True while its peer is in the room. */
  readonly isThere: () => boolean;
}

async function createWhip(): Promise<Created> {
  const { streamKey, grant } = stand.allow();
  const { headers } = await publish(stand, streamKey);
  return created(headers, streamKey, grant.sessionId, 'nxcM', 'host');
}

async function createWhep(): Promise<Created> {
  const { sessionId } = await createWhip();
  const token = stand.token(sessionId);
  const request = { token, type: sdp, body: offerOf('chromiumViewer') };
  const { headers } = await call(stand, `/whep/${sessionId}`, request);
  return created(headers, token, sessionId, 'cjmk', 'viewer');
}

function created(headers: Headers, token: string, sessionId: string, ufrag: string, role: string): Created {
  const isThere = (): boolean =>
    [...(stand.rooms.find(sessionId)?.peers.values() ?? [])].some((peer) => peer.role === role);
  const path = headers.get('location') ?? '';
  return { path, etag: headers.get('etag') ?? '', token, sessionId, ufrag, isThere };
}

const restarted = 'a=ice-ufrag:new1\r\na=ice-pwd:newnewnewnewnewnewnewnew\r\n';

describe.each([
  ['WHIP', createWhip],
  ['WHEP', createWhep],
])('the resource of %s', (_protocol, create) => {
  const trickled = (ufrag: string): string =>
    `a=ice-ufrag:${ufrag}\r\na=ice-pwd:ezjAjgSSLLvbRhUA1zc6Se\r\n${candidate}\r\n`;

  it('takes candidates of the ICE session at hand: 204, nothing else', async () => {
    const { path, etag, token, ufrag } = await create();
    const patch = { method: 'PATCH', token, type: fragment, ifMatch: etag };
    const response = await call(stand, path, { ...patch, body: trickled(ufrag) });
    expect(response.status).toBe(204);
    expect(response.headers.get('etag')).toBeNull();
    const unknown = `a=ice-ufrag:${ufrag}\r\na=candidate:1 1 quic 1 nowhere.local 9 typ new\r\na=end-of-candidates\r\n`;
    expect((await call(stand, path, { ...patch, body: unknown })).status).toBe(204);
  });

  it('restarts ICE: 200, new credentials, a new entity tag', async () => {
    const { path, etag, token, ufrag } = await create();
    const response = await call(stand, path, {
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
    const late = { method: 'PATCH', token, type: fragment, body: trickled(ufrag) };
    expect(await refusal(await call(stand, path, { ...late, ifMatch: etag }))).toMatchObject({
      status: 412,
      code: 'precondition_failed',
    });
    const current = { ...late, body: trickled('new1') };
    expect((await call(stand, path, { ...current, ifMatch: newEtag })).status).toBe(204);
  });

  it('refuses a PATCH without, or with a stale or weak, If-Match; the session goes on', async () => {
    const { path, etag, token, ufrag, isThere } = await create();
    const patch = { method: 'PATCH', token, type: fragment, body: trickled(ufrag) };
    expect(await refusal(await call(stand, path, patch))).toMatchObject({
      status: 428,
      code: 'precondition_required',
    });
    expect(await refusal(await call(stand, path, { ...patch, ifMatch: '"stale"' }))).toMatchObject({
      status: 412,
    });
    expect((await call(stand, path, { ...patch, ifMatch: `W/${etag}` })).status).toBe(412);
    expect((await call(stand, path, { ...patch, ifMatch: `"stale", ${etag}` })).status).toBe(204);
    const noPassword = { ...patch, body: 'a=ice-ufrag:new1\r\n', ifMatch: '*' };
    expect(await refusal(await call(stand, path, noPassword))).toMatchObject({ status: 422 });
    expect((await call(stand, path, { ...patch, ifMatch: etag })).status).toBe(204);
    expect(isThere()).toBe(true);
  });

  it.each([
    ['ice-ufrag', 'abc'],
    ['ice-ufrag', 'a'.repeat(257)],
    ['ice-ufrag', 'a'.repeat(20_000)],
    ['ice-ufrag', 'has-another_letter'],
    ['ice-pwd', 'a'.repeat(21)],
    ['ice-pwd', 'a'.repeat(257)],
    ['ice-pwd', 'möglicherweise-nicht-von-hier'],
  ])(
    'refuses an %s that RFC 8839 has not (%#), in an offer and a restart: 422; the session goes on',
    async (name, value) => {
      const { path, etag, token, ufrag, sessionId, isThere } = await create();
      const changed = (text: string): string =>
        text.replaceAll(new RegExp(`a=${name}:.*`, 'g'), `a=${name}:${value}`);
      const [protocol] = path.split('/').slice(1);
      const offers = { whip: obs, whep: offerOf('chromiumViewer') };
      const post = { token, type: sdp, body: changed(protocol === 'whip' ? offers.whip : offers.whep) };
      const to = protocol === 'whip' ? '/whip' : `/whep/${sessionId}`;
      const wrong = {
        status: 422,
        code: 'validation_failed',
        detail: expect.stringContaining(name) as string,
      };
      expect(await refusal(await call(stand, to, post))).toMatchObject(wrong);
      const patch = { method: 'PATCH', token, type: fragment };
      const restart = { ...patch, ifMatch: '*', body: changed(restarted) };
      expect(await refusal(await call(stand, path, restart))).toMatchObject(wrong);
      const body = trickled(ufrag);
      expect((await call(stand, path, { ...patch, ifMatch: etag, body })).status).toBe(204);
      expect(isThere()).toBe(true);
    },
  );

  it('restarts ICE so often in a minute at most: 429, and the session goes on', async () => {
    const { path, token, isThere } = await create();
    const patch = { method: 'PATCH', token, type: fragment, ifMatch: '*' };
    const restart = (nth: number): Promise<Response> =>
      call(stand, path, { ...patch, body: restarted.replace('new1', `new${nth}`) });
    let etag = '';
    for (let nth = 1; nth <= 10; nth++) {
      const response = await restart(nth);
      expect(response.status).toBe(200);
      etag = response.headers.get('etag') ?? '';
    }
    const response = await restart(11);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refusal(response)).toMatchObject({ status: 429, code: 'rate_limited' });
    expect((await call(stand, path, { ...patch, ifMatch: etag, body: trickled('new10') })).status).toBe(204);
    expect(isThere()).toBe(true);
  });

  it('refuses other bodies and other tokens', async () => {
    const { path, etag, token, ufrag, sessionId, isThere } = await create();
    const patch = { method: 'PATCH', token, type: fragment, ifMatch: etag };
    const body = trickled(ufrag);
    expect(await refusal(await call(stand, path, { ...patch, type: sdp, body }))).toMatchObject({
      status: 415,
    });
    expect(await refusal(await call(stand, path, { ...patch, body: 'nonsense' }))).toMatchObject({
      status: 400,
    });
    expect(await refusal(await call(stand, path, { ...patch, body: '' }))).toMatchObject({ status: 400 });
    const endless = { ...patch, body: body.padEnd(70_000, '\r\n') };
    expect(await refusal(await call(stand, path, endless))).toMatchObject({
      status: 413,
      code: 'payload_too_large',
    });
    for (const method of ['PATCH', 'DELETE']) {
      const request = { ...patch, method, body };
      expect(await refusal(await call(stand, path, { ...request, token: undefined }))).toMatchObject({
        status: 401,
        code: 'unauthenticated',
      });
      for (const other of [stand.allow().streamKey, stand.token(sessionId)]) {
        expect(await refusal(await call(stand, path, { ...request, token: other }))).toMatchObject({
          status: 403,
          code: 'forbidden',
        });
      }
      const guessed = path.replace(/[^/]+$/, 'guessed');
      expect(await refusal(await call(stand, guessed, request))).toMatchObject({
        status: 404,
        code: 'not_found',
      });
    }
    expect(isThere()).toBe(true);
  });

  it('ends the media with DELETE, whatever the entity tag, and says 200 again', async () => {
    const { path, token, isThere } = await create();
    expect(isThere()).toBe(true);
    const response = await call(stand, path, { method: 'DELETE', token, ifMatch: '"stale"' });
    expect(response.status).toBe(200);
    expect(isThere()).toBe(false);
    expect((await call(stand, path, { method: 'DELETE', token })).status).toBe(200);
    const patch = { method: 'PATCH', token, type: fragment, ifMatch: '*', body: restarted };
    expect(await refusal(await call(stand, path, patch))).toMatchObject({ status: 404 });
  });

  it('is no door to the other protocol', async () => {
    const { path, token, isThere } = await create();
    const there = path.replace(/whip|whep/, (own) => (own === 'whip' ? 'whep' : 'whip'));
    expect(await refusal(await call(stand, there, { method: 'DELETE', token }))).toMatchObject({
      status: 404,
    });
    expect(isThere()).toBe(true);
  });
});

describe('the resource of WHIP', () => {
  it('ends when a newer connection of the key takes over', async () => {
    const { path, token, sessionId } = await createWhip();
    await stand.takeOver(token);
    expect((await publish(stand, token)).status).toBe(201);
    const room = stand.rooms.find(sessionId);
    expect(room?.peers.size).toBe(1);
    expect(room?.producers).toHaveLength(2);
    const patch = { method: 'PATCH', token, type: fragment, ifMatch: '*', body: restarted };
    expect((await call(stand, path, patch)).status).toBe(404);
    expect((await call(stand, path, { method: 'DELETE', token })).status).toBe(200);
    expect(stand.rooms.find(sessionId)?.producers).toHaveLength(2);
  });
});

describe('other methods', () => {
  it.each(['/whip', '/whip/sessions/x', '/whep/x', '/whep/sessions/x'])('of %s', async (path) => {
    for (const method of ['GET', 'HEAD']) {
      const response = await call(stand, path, { method });
      expect(response.status).toBe(204);
      expect(await response.text()).toBe('');
    }
    const options = await call(stand, path, { method: 'OPTIONS' });
    expect(options.status).toBe(200);
    expect(options.headers.get('accept-post')).toBe(sdp);
    expect(options.headers.get('access-control-allow-origin')).toBe('*');
    expect(options.headers.get('access-control-allow-headers')?.split(',')).toEqual(
      expect.arrayContaining(['authorization', 'content-type', 'if-match']),
    );
    expect(options.headers.get('access-control-allow-methods')).toMatch(/POST,PATCH,DELETE/);
    expect(options.headers.get('link')).toBeNull();
    const put = await call(stand, path, { method: 'PUT', token: 'x', type: sdp, body: obs });
    expect(put.headers.get('allow')).toContain('OPTIONS');
    expect(await refusal(put)).toMatchObject({ status: 405 });
  });
});
