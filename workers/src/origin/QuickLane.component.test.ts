import { connect, type Socket } from 'node:net';
import { eventually, OriginHarness } from './testing/originHarness.ts';

const listing = '/hls/abc/720p/index.m3u8';
const get = (path: string, header = ''): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${header}\r\n`;

/** A client that writes what it is told and keeps all it gets. */
class RawClient {
  readonly socket: Socket;
  received = '';
  isClosed = false;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.socket.setEncoding('latin1').on('data', (data: string) => (this.received += data));
    this.socket.on('close', () => (this.isClosed = true));
    this.socket.on('end', () => this.socket.end());
    this.socket.on('error', () => undefined);
  }

  get answers(): number {
    return this.received.split('HTTP/1.1 ').length - 1;
  }

  write(text: string): void {
    this.socket.write(text);
  }
}

describe('the quick lane', () => {
  let harness: OriginHarness;
  let client: RawClient;
  beforeEach(async () => {
    harness = await OriginHarness.create();
    client = new RawClient(harness.origin.port);
  });
  afterEach(async () => {
    client.socket.destroy();
    await harness.close();
  });

  it('answers one request after the other on a connection', async () => {
    harness.live('abc').feed.segments(2);
    for (let count = 1; count <= 3; count += 1) {
      client.write(get(count === 2 ? '/hls/abc/720p/s1-1.p0.m4s' : listing));
      await eventually(() => client.answers === count);
    }
    expect(client.received.match(/#EXTM3U/g)).toHaveLength(2);
    expect(client.received).toContain('720p 1.0 ');
  });

  it('hands a connection over in whatever pieces the unusual request comes, and everything after it', async () => {
    harness.live('abc').feed.segments(2);
    client.write(get(listing));
    await eventually(() => client.answers === 1);
    const range = get('/hls/abc/720p/s1-1.m4s', 'Range: bytes=0-6\r\n');
    client.write(range.slice(0, 20));
    await new Promise((resolve) => setImmediate(resolve));
    client.write(range.slice(20));
    await eventually(() => client.received.endsWith('720p 1.'));
    expect(client.received).toContain('HTTP/1.1 206 ');
    client.write(get(listing) + get('/hls/abc/index.m3u8'));
    await eventually(() => client.answers === 4 && client.received.endsWith('iframes.m3u8"\n'));
  });

  it('answers what came while it held in order, once the held answer is sent', async () => {
    const { feed } = harness.live('abc');
    feed.segments(2);
    client.write(get(`${listing}?_HLS_msn=2&_HLS_part=0`));
    await eventually(() => harness.counted.blocked === 1);
    client.write(get('/hls/abc/audio/i0-1.mp4'));
    client.write(get('/hls/abc/360p/i0-1.mp4'));
    feed.parts(1);
    await eventually(() => client.received.endsWith('init 360p 0'));
    expect(client.answers).toBe(3);
    expect(client.received.indexOf('s2-1.p0.m4s')).toBeLessThan(client.received.indexOf('init audio 0'));
  });

  it('tells errors in the one shape, with the id of the request', async () => {
    harness.live('abc').feed.segments(2);
    client.write(get(`${listing}?_HLS_part=1`, 'X-Request-Id: mine\r\n'));
    await eventually(() => client.received.endsWith('}}'));
    expect(client.received).toContain('HTTP/1.1 400 Bad Request');
    expect(client.received).toContain('"requestId":"mine"');
    client.write(get('/hls/nobody/index.m3u8'));
    await eventually(() => client.answers === 2);
    expect(client.received).toContain('HTTP/1.1 404 Not Found');
  });

  it('refuses what is not HTTP', async () => {
    client.write('\x16\x03\x01\x02\0nonsense');
    await eventually(() => client.isClosed);
    expect(client.received).toMatch(/^HTTP\/1\.1 400/);
  });

  it('forgets a viewer who closes one half', async () => {
    harness.live('abc').feed.segments(2);
    client.write(get(`${listing}?_HLS_msn=2`));
    await eventually(() => harness.counted.blocked === 1);
    client.socket.end();
    await eventually(() => harness.counted.blocked === 0 && client.isClosed);
  });

  it('stops serving a client that reads nothing, and goes on when it does', async () => {
    harness.live('abc', { partBytes: () => 1_000_000 }).feed.segments(1);
    client.socket.pause();
    for (let request = 0; request < 6; request += 1) {
      client.write(get('/hls/abc/720p/s0-1.m4s'));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await eventually(() => harness.counted.answers >= 1);
    let bytes = 0;
    client.socket.removeAllListeners('data');
    client.socket.on('data', (data: string) => (bytes += data.length));
    // One in the quick lane, and what node:http takes on before it stops reading.
    expect(harness.counted.answers).toBeLessThanOrEqual(3);
    client.socket.resume();
    await eventually(() => bytes > 6 * 8_000_000, 60_000);
    expect(harness.counted.answers).toBe(6);
  }, 90_000);

  it('ends idle connections when it closes, and busy ones after their answer', async () => {
    harness.live('abc').feed.segments(2);
    const idle = new RawClient(harness.origin.port);
    idle.write(get(listing));
    await eventually(() => idle.answers === 1);
    client.write(get(`${listing}?_HLS_msn=2`));
    await eventually(() => harness.counted.blocked === 1);
    await harness.origin.close();
    await eventually(() => idle.isClosed && client.isClosed);
    expect(client.received).toContain('HTTP/1.1 503 ');
  });
});
