import { gunzipSync } from 'node:zlib';
import { eventually, OriginHarness } from './testing/originHarness.ts';

const listing = '/hls/abc/720p/index.m3u8';

describe('an origin that does not have the playback', () => {
  let owner: OriginHarness;
  let other: OriginHarness;
  beforeEach(async () => {
    owner = await OriginHarness.create();
    other = await OriginHarness.create();
    other.places.set('abc', { proxyTo: owner.url });
  });
  afterEach(async () => {
    await other.close();
    await owner.close();
  });

  it('asks the one that has it once for all who wait for the same', async () => {
    const { feed } = owner.live('abc');
    feed.segments(2);
    const playlists = [
      '_HLS_msn=2&_HLS_part=0',
      '_HLS_part=0&_HLS_msn=2&viewer=7',
      '_HLS_msn=2&_HLS_msn=2&_HLS_part=0',
    ].map((query) => other.get(`${listing}?${query}`, { 'accept-encoding': 'gzip' }));
    const plain = other.get(`${listing}?_HLS_msn=2&_HLS_part=0`);
    const parts = [1, 2, 3].map(() => other.get('/hls/abc/720p/s2-1.p0.m4s'));
    await eventually(() => owner.counted.blocked === 2);
    feed.parts(1);
    const [first, ...others] = await Promise.all(playlists);
    expect(gunzipSync(first?.body ?? Buffer.alloc(0)).toString()).toBe((await plain).text);
    for (const reply of others) expect(reply.body.equals(first?.body ?? Buffer.alloc(0))).toBe(true);
    expect(first?.headers).toMatchObject({
      'content-type': 'application/vnd.apple.mpegurl',
      'cache-control': 'public, max-age=12',
      'content-encoding': 'gzip',
      'access-control-allow-origin': '*',
    });
    for (const part of await Promise.all(parts)) expect(part.text).toMatch(/^720p 2\.0 /);
    expect(owner.counted.answers).toBe(2);
  });

  it('stops asking when nobody waits any more', async () => {
    owner.live('abc').feed.segments(2);
    const leaving = new AbortController();
    const impatient = fetch(`${other.url}${listing}?_HLS_msn=2`, { signal: leaving.signal });
    await eventually(() => owner.counted.blocked === 1);
    leaving.abort();
    await expect(impatient).rejects.toThrow();
    await eventually(() => owner.counted.blocked === 0);
  });

  it('streams segments with their range and passes refusals on', async () => {
    owner.live('abc').feed.segments(2);
    const range = await other.get('/hls/abc/720p/s1-1.m4s', { range: 'bytes=0-6' });
    expect([range.status, range.text, range.headers['content-range']]).toEqual([
      206,
      '720p 1.',
      'bytes 0-6/16000',
    ]);
    expect((await other.get('/hls/abc/720p/s9-1.m4s')).status).toBe(404);
    expect((await other.get(`${listing}?_HLS_part=1`)).status).toBe(400);
    expect((await other.get(`${listing}?_HLS_msn=9`)).status).toBe(400);
  });

  it('never passes a request round in circles', async () => {
    owner.places.set('abc', { proxyTo: other.url });
    expect((await other.get(listing)).status).toBe(503);
    expect((await other.get('/hls/abc/720p/s1-1.m4s')).status).toBe(503);
  });

  it('says so when the one that has it is gone', async () => {
    await owner.origin.close();
    expect((await other.get(listing)).status).toBe(503);
    expect((await other.get('/hls/abc/720p/s1-1.m4s')).status).toBe(503);
  });
});
