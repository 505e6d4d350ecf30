import { connect } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { eventually, MapMedia, OriginHarness } from './testing/originHarness.ts';

let harness: OriginHarness;

const listing = '/hls/abc/720p/index.m3u8';

/** Plain requests on connections that are kept take the quick lane; all others go through node:http. */
describe.each(['kept', 'closed'])('on connections that are %s', (connections) => {
  beforeEach(async () => {
    harness = await OriginHarness.create();
    harness.keepAlive = connections === 'kept';
  });
  afterEach(() => harness.close());

  describe('playlists', () => {
    it('are gzipped on request, tagged, cacheable for half a target duration, and open to any page', async () => {
      harness.live('abc').feed.segments(3);
      const plain = await harness.get(listing);
      const packed = await harness.get(listing, { 'accept-encoding': 'br, gzip;q=0.8' });
      expect(plain.headers).toMatchObject({
        'content-type': 'application/vnd.apple.mpegurl',
        'cache-control': 'public, max-age=1',
        'access-control-allow-origin': '*',
        vary: 'Accept-Encoding',
      });
      expect(plain.headers['content-encoding']).toBeUndefined();
      expect(packed.headers['content-encoding']).toBe('gzip');
      expect(gunzipSync(packed.body).toString()).toBe(plain.text);
      expect(packed.headers.etag).not.toBe(plain.headers.etag);
      const known = await harness.get(listing, { 'if-none-match': `"x", ${plain.headers.etag ?? ''}` });
      expect([known.status, known.body.length, known.headers.etag]).toEqual([304, 0, plain.headers.etag]);
      const refused = await harness.get(listing, { 'accept-encoding': 'gzip;q=0' });
      expect(refused.headers['content-encoding']).toBeUndefined();
    });

    it('tell the multivariant playlist once every rendition has something to play', async () => {
      const { feed } = harness.live('abc');
      expect((await harness.get('/hls/abc/index.m3u8')).status).toBe(404);
      feed.parts(1);
      const reply = await harness.get('/hls/abc/index.m3u8?token=1');
      expect(reply.text).toMatch(/CODECS="avc1\.64001f,mp4a\.40\.2",RESOLUTION=1280x720,FRAME-RATE=30\.000/);
      expect(reply.text).toContain('#EXT-X-I-FRAME-STREAM-INF');
    });

    it('answer HEAD without a body and connections that close after one answer', async () => {
      harness.live('abc').feed.segments(1);
      const whole = await harness.get(listing);
      const head = await harness.get(listing, {}, 'HEAD');
      expect([head.status, head.body.length, head.headers['content-length']]).toEqual([
        200,
        0,
        String(whole.body.length),
      ]);
      const closing = await harness.get(listing, { connection: 'close' });
      expect([closing.text, closing.headers.connection]).toEqual([whole.text, 'close']);
      expect(await raw('GET /hls/abc/720p/index.m3u8 HTTP/1.0\r\n\r\n')).toContain('#EXTM3U');
    });

    it('keep a connection for one request after the other, also when they come at once', async () => {
      harness.live('abc').feed.segments(1);
      const get = `GET ${listing} HTTP/1.1\r\nHost: a\r\n\r\n`;
      const last = `GET /hls/abc/720p/s0-1.m4s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
      const replies = await raw(get + get + last);
      expect(replies.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
      expect(replies.match(/#EXTM3U/g)).toHaveLength(2);
      expect(replies.match(/Date: /g)).toHaveLength(3);
    });
  });

  describe('blocking reload', () => {
    it('holds for the segment, with the part for the part, and may be cached for long', async () => {
      const { feed } = harness.live('abc');
      feed.segments(2).parts(3);
      const forPart = harness.get(`${listing}?_HLS_msn=2&_HLS_part=3`);
      const forSegment = harness.get(`${listing}?_HLS_msn=2`);
      await eventually(() => harness.counted.blocked === 2);
      feed.parts(1);
      const part = await forPart;
      expect(part.text).toContain('URI="s2-1.p3.m4s"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI="s2-1.p4.m4s"');
      expect(part.headers['cache-control']).toBe('public, max-age=12');
      expect(harness.counted.blocked).toBe(1);
      feed.segments(1);
      expect((await forSegment).text).toContain('#EXTINF:2.00000,\ns2-1.m4s\n');
    });

    it('answers at once what is there, and holds a part past the last for part 0 of the next', async () => {
      const { feed } = harness.live('abc');
      feed.segments(2);
      for (const query of ['_HLS_msn=0', '_HLS_msn=1', '_HLS_msn=1&_HLS_part=7', '_HLS_msn=0&_HLS_part=50'])
        expect((await harness.get(`${listing}?${query}`)).status).toBe(200);
      const held = harness.get(`${listing}?_HLS_msn=1&_HLS_part=8`);
      await eventually(() => harness.counted.blocked === 1);
      feed.parts(1);
      expect((await held).text).toContain('URI="s2-1.p0.m4s"');
    });

    it('refuses nonsense and what is too far ahead', async () => {
      harness.live('abc').feed.segments(2).parts(1);
      const queries = [
        '_HLS_part=1',
        '_HLS_msn=x',
        '_HLS_msn=2&_HLS_part=-1',
        '_HLS_msn=4',
        '_HLS_msn=2&_HLS_part=13',
      ];
      for (const query of queries) {
        const reply = await harness.get(`${listing}?${query}`);
        expect([query, reply.status]).toEqual([query, 400]);
        expect(JSON.parse(reply.text)).toMatchObject({ error: { code: 'bad_request' } });
        expect(reply.headers['cache-control']).toBe('no-store');
      }
    });

    it('gives up after three target durations with 503', async () => {
      harness.live('abc', { partSec: 0.25, partsPerSegment: 4 }).feed.segments(2).parts(1);
      const startMs = performance.now();
      const reply = await harness.get(`${listing}?_HLS_msn=2&_HLS_part=1`, { 'x-request-id': 'r-1' });
      expect(performance.now() - startMs).toBeGreaterThan(2900);
      expect([reply.status, reply.headers['retry-after'], reply.headers['cache-control']]).toEqual([
        503,
        '1',
        'no-store',
      ]);
      expect(JSON.parse(reply.text)).toMatchObject({ error: { code: 'timeout', requestId: 'r-1' } });
      expect(harness.counted.blocked).toBe(0);
    }, 30_000);

    it('ignores directives once the playback has ended, and lets go of who waits', async () => {
      const { feed } = harness.live('abc');
      feed.segments(2).parts(1);
      const held = harness.get(`${listing}?_HLS_msn=3`);
      await eventually(() => harness.counted.blocked === 1);
      feed.end();
      expect((await held).text).toMatch(/#EXT-X-ENDLIST\n$/);
      const reply = await harness.get(`${listing}?_HLS_msn=nonsense&_HLS_part=99&_HLS_skip=YES`);
      expect([reply.status, reply.text.includes('#EXT-X-SKIP')]).toEqual([200, false]);
    });

    it('forgets a viewer who leaves', async () => {
      harness.live('abc').feed.segments(2);
      const socket = connect(harness.origin.port, '127.0.0.1');
      socket.write(`GET ${listing}?_HLS_msn=2 HTTP/1.1\r\nHost: a\r\n\r\n`);
      await eventually(() => harness.counted.blocked === 1);
      socket.destroy();
      await eventually(() => harness.counted.blocked === 0);
    });

    it('turns waiting viewers away when the window is given up', async () => {
      const { window, feed } = harness.live('abc');
      feed.segments(2);
      const held = harness.get(`${listing}?_HLS_msn=2`);
      await eventually(() => harness.counted.blocked === 1);
      window.close();
      expect((await held).status).toBe(503);
      expect((await harness.get(listing)).status).toBe(503);
    });

    it('works for I-frame playlists by segment', async () => {
      const { feed } = harness.live('abc');
      feed.segments(2);
      const held = harness.get('/hls/abc/720p/iframes.m3u8?_HLS_msn=2');
      await eventually(() => harness.counted.blocked === 1);
      feed.segments(1);
      expect((await held).text).toContain('#EXT-X-BYTERANGE:2000@0\ns2-1.m4s\n');
      expect((await harness.get('/hls/abc/audio/iframes.m3u8')).status).toBe(404);
    });
  });

  describe('an I-frame playlist', () => {
    it('that is listed before there is a whole segment comes with the first one', async () => {
      const { feed } = harness.live('abc');
      feed.parts(1);
      const held = harness.get('/hls/abc/720p/iframes.m3u8');
      await eventually(() => harness.counted.blocked === 1);
      feed.segments(1);
      const reply = await held;
      expect(reply.text).toContain('#EXT-X-BYTERANGE:2000@0\ns0-1.m4s\n');
      expect(reply.headers['cache-control']).toBe('public, max-age=1');
    });
  });

  describe('delta updates', () => {
    it('are sent to a client whose copy they can patch, in either spelling', async () => {
      harness.live('abc', { dvrWindowSec: 100 }).feed.segments(20).parts(1);
      for (const skip of ['YES', 'v2'])
        expect((await harness.get(`${listing}?_HLS_msn=20&_HLS_part=0&_HLS_skip=${skip}`)).text).toContain(
          '#EXT-X-SKIP:SKIPPED-SEGMENTS=14\n',
        );
      const stale = await harness.get(`${listing}?_HLS_msn=13&_HLS_skip=YES`);
      expect(stale.text).not.toContain('#EXT-X-SKIP');
      expect(stale.text).toContain('s0-1.m4s');
    });
  });

  describe('parts', () => {
    it('are held while hinted and then sent whole', async () => {
      const { feed } = harness.live('abc');
      feed.segments(1).parts(2);
      const held = harness.get('/hls/abc/720p/s1-1.p2.m4s');
      await eventually(() => harness.counted.blocked === 1);
      feed.parts(1);
      const part = await held;
      expect([part.status, part.headers['content-type'], part.headers['content-length']]).toEqual([
        200,
        'video/iso.segment',
        '2000',
      ]);
      expect(part.text).toMatch(/^720p 1\.2 /);
      expect(part.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    });

    it('that were neither listed nor hinted are not there, for a second', async () => {
      harness.live('abc').feed.segments(1).parts(2);
      for (const name of [
        's1-1.p3.m4s',
        's2-1.p0.m4s',
        's1-2.p0.m4s',
        's0-1.p8.m4s',
        's1-1.m4s',
        's7-1.m4s',
      ]) {
        const reply = await harness.get(`/hls/abc/720p/${name}`);
        expect([name, reply.status, reply.headers['cache-control']]).toEqual([
          name,
          404,
          'public, max-age=1',
        ]);
      }
    });

    it('that were hinted but never came are not found when that is known', async () => {
      const { feed } = harness.live('abc');
      feed.segments(1).parts(2);
      const held = harness.get('/hls/abc/720p/s1-1.p2.m4s');
      await eventually(() => harness.counted.blocked === 1);
      feed.endLeg();
      expect((await held).status).toBe(404);
    });

    it('stay fetchable for three target durations after they left the playlist', async () => {
      const { feed } = harness.live('abc');
      feed.segments(10);
      const listed = (await harness.get(listing)).text;
      expect(listed).not.toContain('s5-1.p0.m4s');
      expect((await harness.get('/hls/abc/720p/s4-1.p0.m4s')).status).toBe(200);
    });
  });

  describe('segments', () => {
    it('are exactly their parts, immutable, and sent in ranges', async () => {
      harness.live('abc').feed.segments(2);
      const whole = await harness.get('/hls/abc/720p/s1-1.m4s');
      const parts = await Promise.all(
        Array.from({ length: 8 }, (_, part) => harness.get(`/hls/abc/720p/s1-1.p${part}.m4s`)),
      );
      expect(Buffer.concat(parts.map((part) => part.body)).equals(whole.body)).toBe(true);
      const range = await harness.get('/hls/abc/720p/s1-1.m4s', { range: 'bytes=2000-2010' });
      expect([range.status, range.headers['content-range'], range.headers['content-length']]).toEqual([
        206,
        'bytes 2000-2010/16000',
        '11',
      ]);
      expect(range.body.equals(whole.body.subarray(2000, 2011))).toBe(true);
      const past = await harness.get('/hls/abc/720p/s1-1.m4s', { range: 'bytes=16000-' });
      expect([past.status, past.headers['content-range']]).toEqual([416, 'bytes */16000']);
      const other = await harness.get('/hls/abc/720p/s1-1.m4s', {
        range: 'bytes=0-1',
        'if-range': '"other"',
      });
      expect(other.status).toBe(200);
    });

    it('larger than a socket buffer arrive in whole', async () => {
      harness.live('abc', { partBytes: () => 300_000 }).feed.segments(1);
      const whole = await harness.get('/hls/abc/720p/s0-1.m4s');
      expect(whole.body.length).toBe(2_400_000);
      expect(whole.body.subarray(2_100_000, 2_100_008).toString()).toBe('720p 0.7');
    });

    it('come from older storage once they have left memory, with their range', async () => {
      const older = new MapMedia({ '720p/s3-1.m4s': 'older bytes', '720p/i0-1.mp4': 'init bytes' });
      harness.live('abc', { dvrWindowSec: 200, older }).feed.segments(60);
      expect((await harness.get('/hls/abc/720p/s3-1.m4s')).text).toBe('older bytes');
      const range = await harness.get('/hls/abc/720p/s3-1.m4s', { range: 'bytes=-5' });
      expect([range.status, range.text, range.headers['content-range']]).toEqual([
        206,
        'bytes',
        'bytes 6-10/11',
      ]);
      expect((await harness.get('/hls/abc/720p/s3-1.m4s', { range: 'bytes=50-' })).status).toBe(416);
      expect((await harness.get('/hls/abc/720p/s4-1.m4s')).status).toBe(404);
      const asked = older.opened.length;
      for (const name of ['s3-9.m4s', 's61-1.m4s', 'i5-1.mp4'])
        expect((await harness.get(`/hls/abc/720p/${name}`)).status).toBe(404);
      expect(older.opened).toHaveLength(asked);
    });

    it('init segments are video/mp4', async () => {
      harness.live('abc').feed.parts(1);
      const init = await harness.get('/hls/abc/audio/i0-1.mp4');
      expect([init.text, init.headers['content-type']]).toEqual(['init audio 0', 'video/mp4']);
    });
  });

  describe('a recording', () => {
    it('is served from storage with playlists gzipped and read once', async () => {
      const stored = new MapMedia({
        '720p/index.m3u8': '#EXTM3U\n#EXT-X-ENDLIST\n',
        '720p/s0-1.m4s': 'segment',
        'poster.jpg': 'jpeg',
        'storyboard.vtt': 'WEBVTT',
      });
      harness.places.set('abc', { stored });
      for (let viewer = 0; viewer < 3; viewer += 1) {
        const reply = await harness.get(`${listing}?_HLS_msn=junk`, { 'accept-encoding': 'gzip' });
        expect(gunzipSync(reply.body).toString()).toBe('#EXTM3U\n#EXT-X-ENDLIST\n');
      }
      expect(stored.opened).toEqual(['720p/index.m3u8']);
      expect((await harness.get('/hls/abc/720p/s0-1.m4s', { range: 'bytes=3-' })).text).toBe('ment');
      expect((await harness.get('/hls/abc/poster.jpg')).headers['content-type']).toBe('image/jpeg');
      expect((await harness.get('/hls/abc/storyboard.vtt')).headers['content-type']).toMatch('text/vtt');
      expect((await harness.get('/hls/abc/720p/s9-1.m4s')).status).toBe(404);
      expect((await harness.get('/hls/abc/360p/index.m3u8')).status).toBe(404);
    });
  });

  describe('everything else', () => {
    it('answers preflights, refuses other methods, knows no other paths', async () => {
      harness.live('abc').feed.parts(1);
      const preflight = await harness.get(listing, { origin: 'https://a.example' }, 'OPTIONS');
      expect([preflight.status, preflight.headers['access-control-allow-methods']]).toEqual([
        204,
        'GET, HEAD, OPTIONS',
      ]);
      const post = await harness.get(listing, {}, 'POST');
      expect([post.status, post.headers.allow]).toEqual([405, 'GET, HEAD, OPTIONS']);
      for (const path of [
        '/',
        '/hls/abc/../../etc/passwd',
        '/hls/nobody/index.m3u8',
        '/hls/abc/%2e%2e/index.m3u8',
      ]) {
        const reply = await harness.get(path);
        expect([path, reply.status]).toEqual([path, 404]);
        expect(reply.headers['access-control-allow-origin']).toBe('*');
      }
    });

    it('says nothing of a fault of ours, and goes on', async () => {
      harness
        .live('abc', { older: { open: () => Promise.reject(new Error('secret path')) } })
        .feed.segments(30);
      const reply = await harness.get('/hls/abc/720p/s1-1.m4s');
      expect([reply.status, reply.text.includes('secret')]).toEqual([500, false]);
      expect((await harness.get(listing)).status).toBe(200);
    });

    it('closes although viewers are held on connections they keep', async () => {
      harness.live('abc').feed.segments(2);
      const held = fetch(`${harness.url}${listing}?_HLS_msn=2`);
      await eventually(() => harness.counted.blocked === 1);
      await harness.origin.close();
      expect((await held).status).toBe(503);
    });
  });
});

function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(harness.origin.port, '127.0.0.1', () => socket.write(text));
    socket.setEncoding('latin1').on('data', (data: string) => (received += data));
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(received));
    socket.on('error', reject);
  });
}
