import { jest } from '@jest/globals';
import { encodeChunks } from '../../tests/support/rtmp/chunks.ts';
import { flvMedia } from '../../tests/support/rtmp/flvMedia.ts';
import type { RelayClient } from '../../tests/support/rtmp/RelayClient.ts';
import type { RtmpClient } from '../../tests/support/rtmp/RtmpClient.ts';
import { waitFor } from '../../tests/support/waitFor.ts';
import { useTestIngest } from './testing/useTestIngest.ts';

jest.setTimeout(60_000);

// So long that whoever is closed within a test was not closed for its slowness.
const patience = { HANDSHAKE_TIMEOUT_MS: '60000', PUBLISH_TIMEOUT_MS: '60000' };
const used = useTestIngest({ lives: 'allTests', env: () => patience });
let witness: { publisher: RtmpClient; relay: RelayClient };
let frames = 0;

beforeAll(async () => {
  const { publisher, sessionId } = await used.ingest.publishNew();
  witness = { publisher, relay: await used.ingest.play(sessionId) };
});
/** Whatever happened, somebody else's publish goes on. */
afterEach(async () => {
  frames += 1;
  witness.publisher.send('video', frames * 40, flvMedia.keyFrame(frames % 250));
  await waitFor('the frame of the witness', () => witness.relay.messages.length === frames, { everyMs: 5 });
  expect(witness.publisher.isClosed).toBe(false);
});

/** Bytes that look random and are the same each time. */
function garbage(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let index = 0; index < length; index += 1) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    bytes[index] = state >> 16;
  }
  return bytes;
}

const header = (format: number, chunkStream: number, ...fields: readonly number[]): Buffer =>
  Buffer.from([(format << 6) | chunkStream, ...fields]);
const message = (type: number, payload: Buffer): Buffer =>
  encodeChunks({ type, timestampMs: 0, streamId: 0, payload }, 2, 128);
const control = (type: number, value: number): Buffer => {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(value);
  return message(type, payload);
};
const command = (client: RtmpClient, name: string, ...values: (string | number | null)[]): Buffer =>
  client.commandBytes(name, 1, ...values);

async function shaken(): Promise<RtmpClient> {
  const client = await used.ingest.connect();
  await client.shakeHands();
  return client;
}

async function connected(): Promise<RtmpClient> {
  const client = await shaken();
  await client.connect();
  return client;
}

/** Forty messages are begun and none is finished. */
const manyChunkStreams = (): Buffer =>
  Buffer.concat(
    Array.from({ length: 40 }, (_, id) =>
      Buffer.concat([header(0, 3 + id, 0, 0, 0, 0, 0, 200, 20, 1, 0, 0, 0), Buffer.alloc(128)]),
    ),
  );

/** 768 bytes are announced, 128 sent, then a new header says that it is only one. */
const shrinkingMessage = (): Buffer =>
  Buffer.concat([
    header(0, 3, 0, 0, 0, 0, 3, 0, 20, 1, 0, 0, 0),
    Buffer.alloc(128),
    header(0, 3, 0, 0, 0, 0, 0, 1, 20, 1, 0, 0, 0),
    Buffer.alloc(64),
  ]);

/** An object in an object in an object: deeper than the parser's stack. */
function nestedObjects(client: RtmpClient): Buffer {
  const levels = Buffer.alloc(15_000, Buffer.from([0, 1, 0x61, 3]));
  return message(
    20,
    Buffer.concat([client.commandBytes('connect', 1).subarray(12), Buffer.from([3]), levels]),
  );
}

const chatter = (client: RtmpClient): Buffer => command(client, 'chatter', 'x'.repeat(90));

describe('before a publish, a connection is closed at once', () => {
  it.each<[string, Buffer]>([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['TLS on the plain port', Buffer.from([0x16, 3, 1, 0, 200])],
    ['an encrypted handshake', Buffer.from([6])],
  ])('for %s', async (_name, bytes) => {
    const client = await used.ingest.connect();
    client.write(bytes);
    await client.waitUntilClosed();
  });

  it.each<[string, string, (client: RtmpClient) => Buffer]>([
    ['a message of 16 MB', 'is too long', () => header(0, 3, 0, 0, 0, 255, 255, 255, 20, 1, 0, 0, 0)],
    ['too many chunk streams', 'too many chunk streams', manyChunkStreams],
    ['a message that shrinks midway', 'changed its length midway', shrinkingMessage],
    ['a chunk size of nothing', 'no such chunk size', () => control(1, 0)],
    ['a negative chunk size', 'no such chunk size', () => control(1, 0x80000000)],
    ['a chunk size without a number', 'is missing', () => message(1, Buffer.from([9]))],
    ['a command that ends within a value', 'out', () => message(20, Buffer.from([0, 1, 2]))],
    ['a connect without an address', 'tcUrl', (client) => command(client, 'connect', null)],
    ['a publish without a name', 'split', (client) => command(client, 'publish', null)],
    ['a publish of a number', 'split', (client) => command(client, 'publish', null, 5)],
    ['media', 'media before', (client) => client.mediaBytes('video', 0, flvMedia.keyFrame())],
    ['a broken aggregate', 'ends within', () => message(22, garbage(40))],
    ['objects without end', 'call stack', nestedObjects],
    ['more than a client has to say', 'too much', (client) => Buffer.alloc(200_000, chatter(client))],
  ])('for %s', async (_name, cause, bytesOf) => {
    const client = await shaken();
    const logged = used.ingest.log.length;
    client.write(bytesOf(client));
    // The parser looks at an empty message only when the next byte comes.
    client.write(control(3, 0));
    await client.waitUntilClosed();
    await waitFor('the log', () => used.ingest.log.slice(logged).includes('badData'), { everyMs: 5 });
    expect(/"cause":"(.*?)"/.exec(used.ingest.log.slice(logged))?.[1]).toContain(cause);
  });

  it('for garbage, whatever it is', async () => {
    for (const seed of [1, 22, 333, 4_444, 55_555]) {
      for (const open of [() => used.ingest.connect(), shaken, connected]) {
        const client = await open();
        client.write(garbage(100_000, seed));
        await client.waitUntilClosed();
      }
    }
  });
});

describe('who only sits there', () => {
  it('is closed in time, wherever it stopped', async () => {
    const strict = await used.start({ HANDSHAKE_TIMEOUT_MS: '1000' });
    const [silent, halfway, idle, slow] = await Promise.all(
      Array.from({ length: 4 }, () => strict.connect()),
    );
    halfway?.write(Buffer.concat([Buffer.from([3]), garbage(700)]));
    idle?.write(Buffer.concat([Buffer.from([3]), Buffer.alloc(3_072)]));
    slow?.write(Buffer.from([3]));
    const drip = setInterval(() => slow?.write(Buffer.from([0])), 100);
    try {
      for (const client of [silent, halfway, idle, slow]) await client?.waitUntilClosed();
      expect(await strict.metric('maydan_ingest_closed_total{reason="handshakeTimedOut"')).toBe(4);
    } finally {
      clearInterval(drip);
    }
  });

  it('does not keep others out: 50 idle connections beside a publish that begins and one that runs', async () => {
    const idle = await Promise.all(Array.from({ length: 50 }, () => used.ingest.connect()));
    const { publisher, sessionId } = await used.ingest.publishNew();
    const relay = await used.ingest.play(sessionId);
    publisher.send('video', 0, flvMedia.keyFrame());
    await waitFor('the frame', () => relay.messages.length === 1, { everyMs: 5 });
    for (const client of idle) client.destroy();
    publisher.destroy();
    await waitFor('their end', async () => (await used.ingest.metric('maydan_ingest_connections')) === 1);
  });

  it('is one of a bounded number', async () => {
    const clients = await Promise.all(Array.from({ length: 110 }, () => used.ingest.connect()));
    await waitFor('the last to be turned away', () => clients.some((client) => client.isClosed));
    await waitFor('the count', async () => (await used.ingest.metric('maydan_ingest_connections')) === 100);
    for (const client of clients) client.destroy();
    await waitFor('their end', async () => (await used.ingest.metric('maydan_ingest_connections')) === 1);
  });
});

describe('an accepted publish ends with badData', () => {
  it.each<[string, (client: RtmpClient) => Buffer]>([
    ['a message that is too long', () => header(0, 5, 0, 0, 0, 0x90, 0, 0, 9, 1, 0, 0, 0, 9)],
    [
      'many long messages',
      () => Buffer.concat([4, 5, 6, 7].map((id) => header(0, id, 0, 0, 0, 0x7f, 0, 0, 9, 1, 0, 0, 0, 9))),
    ],
    ['garbage', () => garbage(300_000)],
    ['a play', (client) => command(client, 'play', null, 'x')],
    ['a second publish', (client) => command(client, 'publish', null, 'mk_other', 'live')],
  ])('at %s', async (name, bytesOf) => {
    const { publisher, sessionId } = await used.ingest.publishNew();
    if (name === 'many long messages') publisher.setChunkSize(1);
    publisher.send('video', 0, flvMedia.keyFrame());
    publisher.write(bytesOf(publisher));
    await publisher.waitUntilClosed();
    expect(await used.ingest.waitUntilUnpublished(sessionId)).toMatchObject({ reason: 'badData' });
  });

  it('but not at empty messages, pings, aborts and commands of no consequence', async () => {
    const { publisher, sessionId } = await used.ingest.publishNew();
    const relay = await used.ingest.play(sessionId);
    const pingRequest = Buffer.from([0, 6, 1, 2, 3, 4]);
    publisher.write(
      Buffer.concat([
        header(0, 4, 0, 0, 0, 0, 0, 0, 8, 1, 0, 0, 0),
        header(0, 7, 0, 0, 0, 0, 0, 0, 9, 1, 0, 0, 0),
        message(4, pingRequest),
        command(publisher, 'FCUnpublish', null, 'x'),
        command(publisher, '_checkbw', null),
        // Begins a message, gives it up, and sends another one.
        header(0, 5, 0, 0, 0, 0, 3, 0, 9, 1, 0, 0, 0),
        Buffer.alloc(128),
        control(2, 5),
        publisher.mediaBytes('video', 0, flvMedia.keyFrame(42)),
      ]),
    );
    await waitFor('the frame', () => relay.messages.length === 1, { everyMs: 5 });
    expect(relay.messages[0]?.payload).toEqual(flvMedia.keyFrame(42));
    await waitFor('the answer to the ping', () => publisher.receivedTypes.includes(4), { everyMs: 5 });
    publisher.destroy();
  });

  it('and what it gets is acknowledged when it wants that', async () => {
    const { publisher } = await used.ingest.publishNew();
    publisher.write(control(5, 10_000));
    publisher.send('video', 0, flvMedia.keyFrame(1, 30_000));
    await waitFor('an acknowledgement', () => publisher.receivedTypes.includes(3), { everyMs: 5 });
    publisher.destroy();
  });
});
