import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FlvTag } from './flv/FlvParser.ts';
import { RelayReader, type RelayEnd } from './RelayReader.ts';
import { eventually } from './testing/children.ts';
import { flashAndBeep } from './testing/media.ts';
import { tagsOf } from './testing/runPipeline.ts';

describe('RelayReader', () => {
  let clip: Buffer;
  let server: Server;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let relayUrl: string;
  const readers: RelayReader[] = [];

  beforeAll(async () => {
    clip = await flashAndBeep({ seconds: 2 });
  });
  beforeEach(async () => {
    server = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    relayUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/relay/x.flv`;
  });
  afterEach(async () => {
    for (const reader of readers.splice(0)) reader.close();
    server.closeAllConnections();
    server.close();
  });

  function open(options: { stallMs?: number; url?: string; mintToken?: () => Promise<string> } = {}): {
    reader: RelayReader;
    tags: FlvTag[];
    ended: Promise<RelayEnd>;
  } {
    const { stallMs, url = relayUrl, mintToken = () => 'fresh-token' } = options;
    const reader = new RelayReader({ relayUrl: url, mintToken, stallMs });
    readers.push(reader);
    const tags: FlvTag[] = [];
    reader.on('tags', (some) => tags.push(...some));
    const ended = once(reader, 'ended').then(([end]) => end as RelayEnd);
    reader.start();
    return { reader, tags, ended };
  }

  it('gives all tags with its token, and says when the stream is over', async () => {
    let authorization: string | undefined;
    answer = (request, response) => {
      authorization = request.headers.authorization;
      response.writeHead(200, { 'content-type': 'video/x-flv' });
      response.end(clip);
    };
    const { tags, ended } = open();
    expect(await ended).toMatchObject({ reason: 'ended' });
    expect(authorization).toBe('Bearer fresh-token');
    const expected = tagsOf(clip);
    expect(tags.length).toBe(expected.length);
    expect(
      tags.every((tag, at) => Buffer.compare(tag.body, expected[at]?.body ?? Buffer.alloc(0)) === 0),
    ).toBe(true);
  });

  it('tells refused, unreachable and broken streams apart', async () => {
    answer = (_, response) => response.writeHead(403).end();
    expect(await open().ended).toMatchObject({ reason: 'refused', detail: expect.stringContaining('403') });
    answer = (_, response) => response.writeHead(200).end('<html>not FLV</html>');
    expect(await open().ended).toMatchObject({ reason: 'invalid' });
    answer = (_, response) => {
      response.writeHead(200);
      response.write(clip.subarray(0, 5000), () => response.destroy());
    };
    expect(await open().ended).toMatchObject({ reason: 'ended' });
    expect(await open({ mintToken: () => Promise.reject(new Error('no secret')) }).ended).toMatchObject({
      reason: 'unreachable',
    });
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    expect(await open().ended).toMatchObject({ reason: 'unreachable' });
  });

  it('notices a connection that stands still, before and after its first bytes', async () => {
    answer = () => undefined;
    expect(await open({ stallMs: 200 }).ended).toMatchObject({ reason: 'unreachable' });
    answer = (_, response) => {
      response.writeHead(200);
      response.write(clip.subarray(0, 5000));
    };
    const { tags, ended } = open({ stallMs: 1_000 });
    expect(await ended).toMatchObject({ reason: 'stalled' });
    expect(tags.length).toBeGreaterThan(0);
  });

  it('holds the relay back while paused, without calling it a stall', async () => {
    let taken = 0;
    answer = (_, response) => {
      response.writeHead(200);
      response.write(clip);
      const more = (): void => {
        while (taken < 64 * 1024 * 1024 && response.write(script, () => (taken += script.length)));
        response.once('drain', more);
      };
      more();
    };
    const script = largeScript();
    const { reader, tags, ended } = open({ stallMs: 400 });
    await eventually(() => tags.length > 0);
    reader.pause();
    const read = tags.length;
    let before = -1;
    await eventually(() => {
      const stands = taken === before;
      before = taken;
      return stands;
    });
    expect(taken).toBeLessThan(32 * 1024 * 1024);
    reader.resume();
    await eventually(() => tags.length > read + 20);
    reader.close();
    expect(await ended).toMatchObject({ reason: 'stopped' });
  });
});

/** A script tag of 256 KiB. */
function largeScript(): Buffer {
  const tag = Buffer.alloc(11 + 256 * 1024 + 4);
  tag[0] = 18;
  tag.writeUIntBE(256 * 1024, 1, 3);
  tag.writeUInt32BE(11 + 256 * 1024, tag.length - 4);
  return tag;
}
