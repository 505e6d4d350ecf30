import { jest } from '@jest/globals';
import { mintInternalToken, mintRelayToken, relayPath } from '@maydan/common';
import { errorBody } from '@maydan/contracts';
import type { AmfValue } from '../../../tests/support/rtmp/amf0.ts';
import { flvMedia } from '../../../tests/support/rtmp/flvMedia.ts';
import { RelayClient } from '../../../tests/support/rtmp/RelayClient.ts';
import { waitFor } from '../../../tests/support/waitFor.ts';
import { internalSecret } from '../testing/TestIngest.ts';
import { useTestIngest } from '../testing/useTestIngest.ts';

jest.setTimeout(60_000);

const used = useTestIngest({ lives: 'allTests' });

const marks = (relay: RelayClient): (number | undefined)[] =>
  relay.messages.map((message) => message.payload.at(-1));
const times = (relay: RelayClient): number[] => relay.messages.map((message) => message.timestampMs);
const waitForMessages = (relay: RelayClient, count: number): Promise<true> =>
  waitFor(`${count} messages`, () => relay.messages.length >= count, { everyMs: 5 });

describe('the relay opens', () => {
  it.each<[string, number, string, (path: string) => string | undefined]>([
    ['without a token', 401, 'unauthenticated', () => undefined],
    ['with nonsense', 401, 'token_invalid', () => 'nonsense'],
    ['with a token of another secret', 401, 'token_invalid', (path) => mintRelayToken('x'.repeat(40), path)],
    ['with an internal token', 401, 'token_invalid', () => mintInternalToken(internalSecret, 'workers')],
    [
      'with the token of another epoch',
      401,
      'token_invalid',
      (path) => mintRelayToken(internalSecret, path.replace('/1.flv', '/2.flv')),
    ],
  ])('to nobody %s', async (_name, status, code, tokenOf) => {
    const { publisher, sessionId } = await used.ingest.publishNew();
    publisher.send('video', 0, flvMedia.keyFrame());
    const url = used.ingest.relayUrl(sessionId, 1);
    const relay = await RelayClient.open(url, tokenOf(relayPath(sessionId, 1)));
    await waitFor('the answer', () => relay.isEnded, { everyMs: 5 });
    expect(relay.status).toBe(status);
    expect(errorBody.parse(JSON.parse(relay.body)).error.code).toBe(code);
    expect(relay.messages).toEqual([]);
    publisher.destroy();
  });

  it('to nobody at a path that is not played, and only for GET', async () => {
    const { publisher, sessionId } = await used.ingest.publishNew();
    expect((await used.ingest.play(sessionId, 2)).status).toBe(404);
    expect((await RelayClient.open(`${used.ingest.relayUrl(sessionId, 1)}/more`)).status).toBe(404);
    const token = mintRelayToken(internalSecret, relayPath(sessionId, 1));
    expect((await RelayClient.open(used.ingest.relayUrl(sessionId, 1), token, 'POST')).status).toBe(405);
    expect((await used.ingest.play(sessionId, 1)).status).toBe(200);
    publisher.destroy();
  });
});

describe('the relay passes on', () => {
  it('what is sent, from the last key frame on for those who join later, until the publish ends', async () => {
    const { publisher, sessionId } = await used.ingest.publishNew();
    const first = await used.ingest.play(sessionId);
    publisher.send('data', 0, flvMedia.metadata());
    publisher.send('video', 0, flvMedia.avcConfig(1));
    publisher.send('audio', 0, flvMedia.aacConfig(2));
    publisher.send('video', 0, flvMedia.keyFrame(3));
    publisher.send('video', 40, flvMedia.frame(4));
    publisher.send('video', 80, flvMedia.keyFrame(5));
    publisher.send('audio', 85, flvMedia.aac(6));
    await waitForMessages(first, 7);
    const second = await used.ingest.play(sessionId);
    publisher.send('video', 120, flvMedia.frame(7));
    await waitForMessages(second, 6);
    expect(marks(first)).toEqual([9, 1, 2, 3, 4, 5, 6, 7]);
    expect(marks(second)).toEqual([9, 1, 2, 5, 6, 7]);
    expect(times(second)).toEqual([0, 0, 0, 80, 85, 120]);
    expect(second.messages[0]?.payload.toString('latin1')).not.toContain('@setDataFrame');
    expect(await used.ingest.metric('maydan_ingest_relay_consumers')).toBe(2);
    publisher.destroy();
    await waitFor('the end', () => first.isEnded && second.isEnded, { everyMs: 5 });
    expect([first.isComplete, second.isComplete]).toEqual([true, true]);
  });

  it('a change of configuration in its place', async () => {
    const { publisher, sessionId } = await used.ingest.publishNew();
    const early = await used.ingest.play(sessionId);
    publisher.send('video', 0, flvMedia.avcConfig(1));
    publisher.send('video', 0, flvMedia.keyFrame(2));
    publisher.send('video', 40, flvMedia.avcConfig(3));
    await waitForMessages(early, 3);
    const between = await used.ingest.play(sessionId);
    publisher.send('video', 40, flvMedia.keyFrame(4));
    await waitForMessages(early, 4);
    const late = await used.ingest.play(sessionId);
    await waitForMessages(between, 4);
    await waitForMessages(late, 2);
    expect([marks(early), marks(between), marks(late)]).toEqual([
      [1, 2, 3, 4],
      [1, 2, 3, 4],
      [3, 4],
    ]);
    publisher.destroy();
  });

  it('times beyond 24 bits, backwards and around 32 bits as the publisher sent them', async () => {
    const { publisher, sessionId } = await used.ingest.publishNew();
    const relay = await used.ingest.play(sessionId);
    // Several chunks, each of which repeats the extended timestamp.
    publisher.send('video', 0x01020304, flvMedia.keyFrame(1, 1_000));
    publisher.sendDelta('video', 40, flvMedia.frame(2, 1_000));
    publisher.send('video', 500, flvMedia.frame(3));
    publisher.sendDelta('video', 0x01000000, flvMedia.frame(4, 300));
    publisher.send('video', 2 ** 32 - 30, flvMedia.frame(5));
    publisher.sendDelta('video', 40, flvMedia.frame(6));
    publisher.sendDelta('video', 40, flvMedia.frame(7));
    await waitForMessages(relay, 7);
    expect(times(relay)).toEqual([0x01020304, 0x01020304 + 40, 500, 500 + 0x01000000, 2 ** 32 - 30, 10, 50]);
    expect(marks(relay)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(relay.messages[0]?.payload).toEqual(flvMedia.keyFrame(1, 1_000));
    publisher.destroy();
  });

  it('Enhanced RTMP as it is, with the key frame where those who join begin', async () => {
    const { publisher, sessionId } = await used.ingest.publishNew();
    const early = await used.ingest.play(sessionId);
    publisher.send('video', 0, flvMedia.hevcConfig());
    publisher.send('video', 0, flvMedia.hevcKeyFrame());
    await waitForMessages(early, 2);
    const late = await used.ingest.play(sessionId);
    await waitForMessages(late, 2);
    for (const relay of [early, late]) {
      expect(relay.messages.map((message) => message.payload)).toEqual([
        flvMedia.hevcConfig(),
        flvMedia.hevcKeyFrame(),
      ]);
    }
    publisher.destroy();
  });

  it('nothing of Enhanced RTMP to clients that do not speak it, and its codecs to those who do', async () => {
    const { ingest } = used;
    const answered = async (properties: Readonly<Record<string, AmfValue>>): Promise<unknown> => {
      const client = await ingest.connect();
      await client.shakeHands();
      await client.connect('live', properties);
      return client.results[0]?.[0];
    };
    const plain = { fmsVer: expect.any(String), capabilities: 31 };
    expect(await answered({})).toEqual(plain);
    const [offered, taken] = [
      ['vvc1', 'hvc1'],
      ['avc1', 'hvc1', 'av01', 'vp09'],
    ];
    expect(await answered({ fourCcList: offered })).toEqual({ ...plain, fourCcList: taken });
    expect(await answered({ fourCcList: offered, videoFourCcInfoMap: { hvc1: 2 } })).toEqual({
      ...plain,
      fourCcList: taken,
      videoFourCcInfoMap: { avc1: 1, hvc1: 1, av01: 1, vp09: 1 },
    });
  });

  it('large frames whole, whatever the chunk size', async () => {
    const { publisher, sessionId } = await used.ingest.publishNew();
    const relay = await used.ingest.play(sessionId);
    for (const [mark, chunkSize] of [1, 60_000, 4_096, 1_000_000].entries()) {
      publisher.setChunkSize(chunkSize);
      publisher.send('video', 0, flvMedia.keyFrame(mark, chunkSize === 1 ? 2_000 : 700_000));
      publisher.send('audio', 0, flvMedia.aac(mark));
    }
    await waitForMessages(relay, 8);
    expect(marks(relay)).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
    expect(relay.messages[4]?.payload.equals(flvMedia.keyFrame(2, 700_000))).toBe(true);
    publisher.destroy();
  });
});

it('a consumer that does not read is dropped; the publish and other consumers go on', async () => {
  const { publisher, sessionId } = await used.ingest.publishNew();
  const slow = await used.ingest.play(sessionId);
  const good = await used.ingest.play(sessionId);
  slow.pause();
  publisher.setChunkSize(1_000_000);
  const frame = flvMedia.keyFrame(1, 900_000);
  let sent = 0;
  const isDropped = async (): Promise<boolean> => {
    publisher.send('video', sent, frame);
    sent += 1;
    await waitForMessages(good, sent);
    return (await used.ingest.metric('maydan_ingest_relay_dropped_total')) === 1;
  };
  await waitFor('the drop', isDropped, { everyMs: 1, timeoutMs: 40_000 });
  expect(sent).toBeLessThan(60);
  slow.resume();
  await waitFor('the cut', () => slow.isEnded, { everyMs: 5 });
  expect(slow.isComplete).toBe(false);
  expect(good.isEnded).toBe(false);
  // It comes back and begins at the last key frame.
  const again = await used.ingest.play(sessionId);
  await waitForMessages(again, 1);
  publisher.destroy();
});

it('a publish has a bounded number of consumers', async () => {
  const { publisher, sessionId } = await used.ingest.publishNew();
  for (let count = 0; count < 16; count += 1) expect((await used.ingest.play(sessionId)).status).toBe(200);
  expect((await used.ingest.play(sessionId)).status).toBe(503);
  publisher.destroy();
});
