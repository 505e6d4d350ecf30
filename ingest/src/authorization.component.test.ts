import { jest } from '@jest/globals';
import { verifyInternalToken } from '@maydan/common';
import { factStream } from '@maydan/contracts';
import { flvMedia } from '../../tests/support/rtmp/flvMedia.ts';
import { waitFor } from '../../tests/support/waitFor.ts';
import { internalSecret } from './testing/TestIngest.ts';
import { useTestIngest } from './testing/useTestIngest.ts';

jest.setTimeout(60_000);

// Who is refused within a test was not refused because an answer took its time.
const used = useTestIngest({ env: () => ({ AUTHORIZE_TIMEOUT_MS: '60000' }) });

describe('a publish', () => {
  it('with a good key is published, and only then', async () => {
    const { publisher, sessionId, streamKey } = await used.ingest.publishNew();
    expect(publisher.statuses).toEqual([
      { level: 'status', code: 'NetStream.Publish.Start', description: 'Publishing.' },
    ]);
    const facts = await waitFor('the fact', async () => {
      const told = await used.ingest.facts(sessionId);
      return told.length > 0 && told;
    });
    const [question] = used.ingest.api.questions;
    expect(question).toMatchObject({ app: 'live', streamKey, remoteAddress: '127.0.0.1' });
    expect(verifyInternalToken(internalSecret, used.ingest.api.tokens[0] ?? '')).toBe('ingest');
    expect(facts).toMatchObject([
      {
        type: 'ingest.published',
        epoch: 1,
        connectionId: question?.connectionId,
        relayUrl: used.ingest.relayUrl(sessionId, 1),
      },
    ]);
    publisher.destroy();
    expect(await used.ingest.waitUntilUnpublished(sessionId)).toMatchObject({ epoch: 1, reason: 'closed' });
  });

  it('with a wrong key is told so, closed at once, and logged without the key', async () => {
    const factsBefore = await used.ingest.redis.xlen(factStream);
    const publisher = await used.ingest.publish('mk_wrong_secret');
    publisher.send('video', 0, flvMedia.keyFrame());
    await publisher.waitUntilClosed();
    expect(publisher.statuses).toEqual([
      { level: 'error', code: 'NetStream.Publish.BadName', description: 'The stream key is not valid.' },
    ]);
    expect(await used.ingest.redis.xlen(factStream)).toBe(factsBefore);
    expect(used.ingest.log).toContain('publish refused');
    expect(used.ingest.log).toContain(used.ingest.api.questions[0]?.connectionId);
    expect(used.ingest.log).toContain('127.0.0.1');
    expect(used.ingest.log).not.toContain('mk_wrong_secret');
    expect(await used.ingest.metric('maydan_ingest_refused_total{reason="keyRefused"')).toBe(1);
  });

  it.each(['other', 'live/more', '', `live${'/'.repeat(40)}`])(
    'to the application "%s" is refused unasked',
    async (app) => {
      const { streamKey } = used.ingest.keys.grant();
      const publisher = await used.ingest.publish(streamKey, app);
      await publisher.waitUntilClosed();
      expect(publisher.statuses).toMatchObject([{ level: 'error' }]);
      expect(used.ingest.api.questions).toEqual([]);
    },
  );

  it('never logs a good key either', async () => {
    const { publisher, sessionId, streamKey } = await used.ingest.publishNew();
    publisher.publish(streamKey);
    await publisher.waitUntilClosed();
    expect(await used.ingest.waitUntilUnpublished(sessionId)).toMatchObject({ reason: 'badData' });
    expect(used.ingest.log).toContain(sessionId);
    expect(used.ingest.log).not.toContain(streamKey);
  });

  it('is held while the api takes its time; what was sent early is neither lost nor passed on before', async () => {
    const { streamKey, sessionId } = used.ingest.keys.grant();
    const gate = Promise.withResolvers<undefined>();
    used.ingest.api.answer = async (question) => {
      await gate.promise;
      return used.ingest.keys.answer(question.streamKey);
    };
    const publisher = await used.ingest.connect();
    await publisher.shakeHands();
    await publisher.connect();
    const early = [
      publisher.commandBytes('publish', 3, null, streamKey, 'live'),
      publisher.mediaBytes('data', 0, flvMedia.metadata()),
      publisher.mediaBytes('video', 0, flvMedia.avcConfig()),
      publisher.mediaBytes('video', 0, flvMedia.keyFrame(7)),
    ];
    publisher.write(Buffer.concat(early));
    await waitFor('the question', () => used.ingest.api.questions.length === 1, { everyMs: 5 });
    publisher.send('video', 40, flvMedia.frame(8));
    const before = await used.ingest.play(sessionId);
    expect(before.status).toBe(404);
    expect(publisher.statuses).toEqual([]);
    expect(await used.ingest.facts(sessionId)).toEqual([]);
    gate.resolve(undefined);
    await publisher.waitForStatus();
    const relay = await used.ingest.play(sessionId);
    await waitFor('all media', () => relay.messages.length === 4, { everyMs: 5 });
    expect(relay.messages.map((message) => message.payload.at(-1))).toEqual([9, 1, 7, 8]);
  });

  it('whose early media never stop is not read while it is held', async () => {
    const gate = Promise.withResolvers<undefined>();
    used.ingest.api.answer = async () => {
      await gate.promise;
      return { status: 403, body: {} };
    };
    const publisher = await used.ingest.publish('mk_flood');
    await waitFor('the question', () => used.ingest.api.questions.length === 1, { everyMs: 5 });
    const frame = publisher.mediaBytes('video', 0, flvMedia.keyFrame(1, 1_000_000));
    const flooded = (): boolean => {
      publisher.write(frame);
      return publisher.socket.writableLength > 3_000_000;
    };
    await waitFor('back-pressure', flooded, { everyMs: 5 });
    expect(await used.ingest.metric('maydan_ingest_received_bytes_total')).toBeLessThan(1_000_000);
    gate.resolve(undefined);
    await publisher.waitUntilClosed();
  });

  it('whose client went away while it was held does not stay', async () => {
    const { publisher, sessionId, answer } = await used.ingest.publishHeld();
    publisher.destroy();
    answer();
    expect(await used.ingest.waitUntilUnpublished(sessionId)).toMatchObject({ epoch: 1, reason: 'closed' });
    expect(await used.ingest.metric('maydan_ingest_publishers')).toBe(0);
  });
});

describe('when the api', () => {
  it('fails for a moment, it is asked again', async () => {
    const { streamKey } = used.ingest.keys.grant();
    const failures = [undefined, { status: 500, body: {} }, { status: 200, body: { sessionId: 'nonsense' } }];
    used.ingest.api.answer = () =>
      failures.length > 0 ? failures.shift() : used.ingest.keys.answer(streamKey);
    const publisher = await used.ingest.publish(streamKey);
    expect(await publisher.waitForStatus()).toMatchObject({ code: 'NetStream.Publish.Start' });
    expect(used.ingest.api.questions).toHaveLength(4);
    expect(used.ingest.log).not.toContain(streamKey);
  });

  it('is killed and comes back, a publish waits for it', async () => {
    const { publisher: running } = await used.ingest.publishNew();
    await used.ingest.api.stop();
    const { streamKey } = used.ingest.keys.grant();
    const publisher = await used.ingest.publish(streamKey);
    await waitFor('a failed question', () => used.ingest.log.includes('did not answer about a publish'));
    await used.ingest.api.restart();
    expect(await publisher.waitForStatus()).toMatchObject({ code: 'NetStream.Publish.Start' });
    expect(running.isClosed).toBe(false);
  });

  it('says that an address asks too often, the publish is refused', async () => {
    used.ingest.api.answer = () => ({ status: 429, body: { error: { code: 'rate_limited', message: '' } } });
    const publisher = await used.ingest.publish('mk_any');
    await publisher.waitUntilClosed();
    expect(publisher.statuses).toMatchObject([{ level: 'error', code: 'NetStream.Publish.Denied' }]);
  });
});

it('a publish is refused when the api stays away', async () => {
  const impatient = await used.start({ AUTHORIZE_TIMEOUT_MS: '400' });
  await impatient.api.stop();
  const publisher = await impatient.publish(impatient.keys.grant().streamKey);
  await publisher.waitUntilClosed();
  expect(publisher.statuses).toMatchObject([{ level: 'error', code: 'NetStream.Publish.Denied' }]);
  expect(await impatient.metric('maydan_ingest_refused_total{reason="apiAway"')).toBe(1);
});

describe('guessing keys', () => {
  it('is bounded per address, also all at once, and then not even a good key is asked about', async () => {
    const guesses = await Promise.all(
      Array.from({ length: 14 }, (_, index) => used.ingest.publish(`mk_guess_${index}`)),
    );
    await Promise.all(guesses.map((guess) => guess.waitUntilClosed()));
    expect(used.ingest.api.questions).toHaveLength(10);
    const late = await used.ingest.publish(used.ingest.keys.grant().streamKey);
    await late.waitUntilClosed();
    expect(late.statuses).toMatchObject([{ level: 'error', code: 'NetStream.Publish.Denied' }]);
    expect(used.ingest.api.questions).toHaveLength(10);
    expect(used.ingest.log).not.toMatch(/mk_/);
  });

  it('hurts nobody who already publishes', async () => {
    const { publisher, sessionId } = await used.ingest.publishNew();
    const relay = await used.ingest.play(sessionId);
    for (let index = 0; index < 11; index += 1) {
      const guess = await used.ingest.publish(`mk_guess_${index}`);
      await guess.waitUntilClosed();
    }
    publisher.send('video', 0, flvMedia.keyFrame());
    await waitFor('the frame', () => relay.messages.length === 1, { everyMs: 5 });
  });
});

describe('playing over RTMP', () => {
  it.each(['nothing', 'the key', 'the session'])('is refused for %s', async (what) => {
    const { publisher, sessionId, streamKey } = await used.ingest.publishNew();
    publisher.send('video', 0, flvMedia.keyFrame());
    const name = { nothing: 'x', 'the key': streamKey, 'the session': sessionId }[what] ?? '';
    const player = await used.ingest.connect();
    await player.shakeHands();
    await player.connect();
    player.command('play', 3, null, name);
    await player.waitUntilClosed();
    expect(player.statuses).toMatchObject([{ level: 'error', code: 'NetStream.Play.Failed' }]);
    expect(player.receivedTypes).not.toContain(9);
    expect(used.ingest.log).not.toContain(streamKey);
  });
});
