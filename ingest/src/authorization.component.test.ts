import { jest } from '@jest/globals';
import { verifyInternalToken } from '@maydan/common';
import { factStream } from '@maydan/contracts';
import type { EmbeddedRedis } from '@maydan/infra';
import { flvMedia } from '../../tests/support/rtmp/flvMedia.ts';
import { waitFor } from '../../tests/support/waitFor.ts';
import { internalSecret, startTestRedis, TestIngest } from './testing/TestIngest.ts';

jest.setTimeout(60_000);

let redis: EmbeddedRedis;
let ingest: TestIngest;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis.close());
beforeEach(async () => {
  ingest = await TestIngest.start(redis.url);
});
afterEach(() => ingest.close());

describe('a publish', () => {
  it('with a good key is published, and only then', async () => {
    const { publisher, sessionId, streamKey } = await ingest.publishNew();
    expect(publisher.statuses).toEqual([
      { level: 'status', code: 'NetStream.Publish.Start', description: 'Publishing.' },
    ]);
    const facts = await waitFor('the fact', async () => {
      const told = await ingest.facts(sessionId);
      return told.length > 0 && told;
    });
    const [question] = ingest.api.questions;
    expect(question).toMatchObject({ app: 'live', streamKey, remoteAddress: '127.0.0.1' });
    expect(verifyInternalToken(internalSecret, ingest.api.tokens[0] ?? '')).toBe('ingest');
    expect(facts).toMatchObject([
      {
        type: 'ingest.published',
        epoch: 1,
        connectionId: question?.connectionId,
        relayUrl: ingest.relayUrl(sessionId, 1),
      },
    ]);
    publisher.destroy();
    expect(await ingest.waitUntilUnpublished(sessionId)).toMatchObject({ epoch: 1, reason: 'closed' });
  });

  it('with a wrong key is told so, closed at once, and logged without the key', async () => {
    const factsBefore = await ingest.redis.xlen(factStream);
    const publisher = await ingest.publish('mk_wrong_secret');
    publisher.send('video', 0, flvMedia.keyFrame());
    await publisher.waitUntilClosed();
    expect(publisher.statuses).toEqual([
      { level: 'error', code: 'NetStream.Publish.BadName', description: 'The stream key is not valid.' },
    ]);
    expect(await ingest.redis.xlen(factStream)).toBe(factsBefore);
    expect(ingest.log).toContain('publish refused');
    expect(ingest.log).toContain(ingest.api.questions[0]?.connectionId);
    expect(ingest.log).toContain('127.0.0.1');
    expect(ingest.log).not.toContain('mk_wrong_secret');
    expect(await ingest.metric('maydan_ingest_refused_total{reason="keyRefused"')).toBe(1);
  });

  it.each(['other', 'live/more', ''])('to the application "%s" is refused unasked', async (app) => {
    const { streamKey } = ingest.keys.grant();
    const publisher = await ingest.publish(streamKey, app);
    await publisher.waitUntilClosed();
    expect(publisher.statuses).toMatchObject([{ level: 'error' }]);
    expect(ingest.api.questions).toEqual([]);
  });

  it('never logs a good key either', async () => {
    const { publisher, sessionId, streamKey } = await ingest.publishNew();
    publisher.publish(streamKey);
    await publisher.waitUntilClosed();
    expect(await ingest.waitUntilUnpublished(sessionId)).toMatchObject({ reason: 'badData' });
    expect(ingest.log).toContain(sessionId);
    expect(ingest.log).not.toContain(streamKey);
  });

  it('is held while the api takes its time; what was sent early is neither lost nor passed on before', async () => {
    const { streamKey, sessionId } = ingest.keys.grant();
    const gate = Promise.withResolvers<undefined>();
    ingest.api.answer = async (question) => {
      await gate.promise;
      return ingest.keys.answer(question.streamKey);
    };
    const publisher = await ingest.connect();
    await publisher.shakeHands();
    await publisher.connect();
    const early = [
      publisher.commandBytes('publish', 3, null, streamKey, 'live'),
      publisher.mediaBytes('data', 0, flvMedia.metadata()),
      publisher.mediaBytes('video', 0, flvMedia.avcConfig()),
      publisher.mediaBytes('video', 0, flvMedia.keyFrame(7)),
    ];
    publisher.write(Buffer.concat(early));
    await waitFor('the question', () => ingest.api.questions.length === 1, { everyMs: 5 });
    publisher.send('video', 40, flvMedia.frame(8));
    const before = await ingest.play(sessionId);
    expect(before.status).toBe(404);
    expect(publisher.statuses).toEqual([]);
    expect(await ingest.facts(sessionId)).toEqual([]);
    gate.resolve(undefined);
    await publisher.waitForStatus();
    const relay = await ingest.play(sessionId);
    await waitFor('all media', () => relay.messages.length === 4, { everyMs: 5 });
    expect(relay.messages.map((message) => message.payload.at(-1))).toEqual([9, 1, 7, 8]);
  });

  it('whose early media never stop is not read while it is held', async () => {
    const gate = Promise.withResolvers<undefined>();
    ingest.api.answer = async () => {
      await gate.promise;
      return { status: 403, body: {} };
    };
    const publisher = await ingest.publish('mk_flood');
    await waitFor('the question', () => ingest.api.questions.length === 1, { everyMs: 5 });
    const frame = publisher.mediaBytes('video', 0, flvMedia.keyFrame(1, 1_000_000));
    const flooded = (): boolean => {
      publisher.write(frame);
      return publisher.socket.writableLength > 3_000_000;
    };
    await waitFor('back-pressure', flooded, { everyMs: 5 });
    expect(await ingest.metric('maydan_ingest_received_bytes_total')).toBeLessThan(1_000_000);
    gate.resolve(undefined);
    await publisher.waitUntilClosed();
  });

  it('whose client went away while it was held does not stay', async () => {
    const { streamKey, sessionId } = ingest.keys.grant();
    const gate = Promise.withResolvers<undefined>();
    ingest.api.answer = async (question) => {
      await gate.promise;
      return ingest.keys.answer(question.streamKey);
    };
    const publisher = await ingest.publish(streamKey);
    await waitFor('the question', () => ingest.api.questions.length === 1, { everyMs: 5 });
    publisher.destroy();
    gate.resolve(undefined);
    expect(await ingest.waitUntilUnpublished(sessionId)).toMatchObject({ epoch: 1, reason: 'closed' });
    expect(await ingest.metric('maydan_ingest_publishers')).toBe(0);
  });
});

describe('when the api', () => {
  it('fails for a moment, it is asked again', async () => {
    const { streamKey } = ingest.keys.grant();
    const failures = [undefined, { status: 500, body: {} }, { status: 200, body: { sessionId: 'nonsense' } }];
    ingest.api.answer = () => (failures.length > 0 ? failures.shift() : ingest.keys.answer(streamKey));
    const publisher = await ingest.publish(streamKey);
    expect(await publisher.waitForStatus()).toMatchObject({ code: 'NetStream.Publish.Start' });
    expect(ingest.api.questions).toHaveLength(4);
    expect(ingest.log).not.toContain(streamKey);
  });

  it('is killed and comes back, a publish waits for it', async () => {
    const { publisher: running } = await ingest.publishNew();
    await ingest.api.stop();
    const { streamKey } = ingest.keys.grant();
    const publisher = await ingest.publish(streamKey);
    await waitFor('a failed question', () => ingest.log.includes('did not answer about a publish'));
    await ingest.api.restart();
    expect(await publisher.waitForStatus()).toMatchObject({ code: 'NetStream.Publish.Start' });
    expect(running.isClosed).toBe(false);
  });

  it('says that an address asks too often, the publish is refused', async () => {
    ingest.api.answer = () => ({ status: 429, body: { error: { code: 'rate_limited', message: '' } } });
    const publisher = await ingest.publish('mk_any');
    await publisher.waitUntilClosed();
    expect(publisher.statuses).toMatchObject([{ level: 'error', code: 'NetStream.Publish.Denied' }]);
  });
});

it('a publish is refused when the api stays away', async () => {
  const impatient = await TestIngest.start(redis.url, { AUTHORIZE_TIMEOUT_MS: '400' });
  try {
    await impatient.api.stop();
    const publisher = await impatient.publish(impatient.keys.grant().streamKey);
    await publisher.waitUntilClosed();
    expect(publisher.statuses).toMatchObject([{ level: 'error', code: 'NetStream.Publish.Denied' }]);
    expect(await impatient.metric('maydan_ingest_refused_total{reason="apiAway"')).toBe(1);
  } finally {
    await impatient.close();
  }
});

describe('guessing keys', () => {
  it('is bounded per address, also all at once, and then not even a good key is asked about', async () => {
    const guesses = await Promise.all(
      Array.from({ length: 14 }, (_, index) => ingest.publish(`mk_guess_${index}`)),
    );
    await Promise.all(guesses.map((guess) => guess.waitUntilClosed()));
    expect(ingest.api.questions).toHaveLength(10);
    const late = await ingest.publish(ingest.keys.grant().streamKey);
    await late.waitUntilClosed();
    expect(late.statuses).toMatchObject([{ level: 'error', code: 'NetStream.Publish.Denied' }]);
    expect(ingest.api.questions).toHaveLength(10);
    expect(ingest.log).not.toMatch(/mk_/);
  });

  it('hurts nobody who already publishes', async () => {
    const { publisher, sessionId } = await ingest.publishNew();
    const relay = await ingest.play(sessionId);
    for (let index = 0; index < 11; index += 1) {
      const guess = await ingest.publish(`mk_guess_${index}`);
      await guess.waitUntilClosed();
    }
    publisher.send('video', 0, flvMedia.keyFrame());
    await waitFor('the frame', () => relay.messages.length === 1, { everyMs: 5 });
  });
});

describe('playing over RTMP', () => {
  it.each(['nothing', 'the key', 'the session'])('is refused for %s', async (what) => {
    const { publisher, sessionId, streamKey } = await ingest.publishNew();
    publisher.send('video', 0, flvMedia.keyFrame());
    const name = { nothing: 'x', 'the key': streamKey, 'the session': sessionId }[what] ?? '';
    const player = await ingest.connect();
    await player.shakeHands();
    await player.connect();
    player.command('play', 3, null, name);
    await player.waitUntilClosed();
    expect(player.statuses).toMatchObject([{ level: 'error', code: 'NetStream.Play.Failed' }]);
    expect(player.receivedTypes).not.toContain(9);
    expect(ingest.log).not.toContain(streamKey);
  });
});
