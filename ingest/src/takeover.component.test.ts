import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import {
  controlKey,
  ingestCommandChannel,
  type ControlDocument,
  type IngestCommand,
} from '@maydan/contracts';
import { flvMedia } from '../../tests/support/rtmp/flvMedia.ts';
import { waitFor } from '../../tests/support/waitFor.ts';
import { useTestIngest } from './testing/useTestIngest.ts';

jest.setTimeout(60_000);

const used = useTestIngest();

const command = (sessionId: string, epoch: number, reason: IngestCommand['reason']): Promise<number> =>
  used.ingest.redis.publish(
    ingestCommandChannel,
    JSON.stringify({ type: 'drop', sessionId, epoch, reason } satisfies IngestCommand),
  );

/** The subscription is there once the channel has a listener. */
const waitForListener = (): Promise<true> =>
  waitFor('the listener', async () => (await command(randomUUID(), 1, 'ended')) > 0, { everyMs: 10 });

describe('the newest publish of a session', () => {
  it('takes over from an older one that is half open, of which nothing gets through any more', async () => {
    const { publisher: older, sessionId, streamKey } = await used.ingest.publishNew();
    const relay = await used.ingest.play(sessionId);
    older.send('video', 0, flvMedia.keyFrame(1));
    await waitFor('the first frame', () => relay.messages.length === 1, { everyMs: 5 });
    const newer = await used.ingest.publish(streamKey);
    await newer.waitForStatus();
    older.send('video', 40, flvMedia.keyFrame(2));
    newer.send('video', 0, flvMedia.keyFrame(3));
    await older.waitUntilClosed();
    await waitFor('the end of the old relay', () => relay.isEnded, { everyMs: 5 });
    expect(relay.messages).toHaveLength(1);
    expect((await used.ingest.play(sessionId, 1)).status).toBe(404);
    const next = await used.ingest.play(sessionId, 2);
    await waitFor('the new frame', () => next.messages.length === 1, { everyMs: 5 });
    expect(next.messages[0]?.payload.at(-1)).toBe(3);
    const facts = await waitFor('the facts', async () => {
      const told = await used.ingest.facts(sessionId);
      return told.length === 3 && told;
    });
    expect(facts).toMatchObject([
      { type: 'ingest.published', epoch: 1 },
      { type: 'ingest.unpublished', epoch: 1, reason: 'takenOver' },
      { type: 'ingest.published', epoch: 2, relayUrl: used.ingest.relayUrl(sessionId, 2) },
    ]);
  });

  it('wins also when the answers of the api cross', async () => {
    const { streamKey, sessionId } = used.ingest.keys.grant();
    const first = Promise.withResolvers<undefined>();
    used.ingest.api.answer = async (question) => {
      const answer = used.ingest.keys.answer(question.streamKey);
      if (used.ingest.api.questions.length === 1) await first.promise;
      return answer;
    };
    const older = await used.ingest.publish(streamKey);
    await waitFor('the question', () => used.ingest.api.questions.length === 1, { everyMs: 5 });
    const newer = await used.ingest.publish(streamKey);
    await newer.waitForStatus();
    first.resolve(undefined);
    await older.waitUntilClosed();
    expect(newer.isClosed).toBe(false);
    const facts = await waitFor('the facts', async () => {
      const told = await used.ingest.facts(sessionId);
      return told.length === 2 && told;
    });
    expect(facts).toMatchObject([
      { type: 'ingest.published', epoch: 2 },
      { type: 'ingest.unpublished', epoch: 1, reason: 'takenOver' },
    ]);
  });
});

describe('a publisher', () => {
  it('that falls silent is given up', async () => {
    const strict = await used.start({ PUBLISH_TIMEOUT_MS: '500' });
    const { publisher, sessionId } = await strict.publishNew();
    publisher.send('video', 0, flvMedia.keyFrame());
    await publisher.waitUntilClosed();
    expect(await strict.waitUntilUnpublished(sessionId)).toMatchObject({ reason: 'timedOut' });
  });

  it('that ends in order is gone at once', async () => {
    const { publisher, sessionId } = await used.ingest.publishNew();
    publisher.command('deleteStream', 4, null, 1);
    await publisher.waitUntilClosed();
    expect(await used.ingest.waitUntilUnpublished(sessionId)).toMatchObject({ reason: 'closed' });
  });
});

describe('the api drops a publisher', () => {
  it.each(['revoked', 'ended', 'takenOver'] as const)('that is %s', async (reason) => {
    const { publisher, sessionId } = await used.ingest.publishNew();
    const other = await used.ingest.publishNew();
    await waitForListener();
    await command(sessionId, 1, reason);
    await publisher.waitUntilClosed();
    expect(await used.ingest.waitUntilUnpublished(sessionId)).toMatchObject({ epoch: 1, reason });
    expect(other.publisher.isClosed).toBe(false);
  });

  it('of an older epoch only', async () => {
    const { publisher, sessionId, streamKey } = await used.ingest.publishNew();
    const newer = await used.ingest.publish(streamKey);
    await newer.waitForStatus();
    await publisher.waitUntilClosed();
    await waitForListener();
    await command(sessionId, 1, 'revoked');
    await command(sessionId, 2, 'ended');
    expect(await used.ingest.waitUntilUnpublished(sessionId)).toMatchObject({ epoch: 2, reason: 'ended' });
  });

  it('whose answer is still on its way', async () => {
    const { publisher, sessionId, answer } = await used.ingest.publishHeld();
    await waitForListener();
    await command(sessionId, 1, 'revoked');
    await waitFor('the command', () => used.ingest.log.includes(sessionId), { everyMs: 5 });
    answer();
    await publisher.waitUntilClosed();
    expect(publisher.statuses).toEqual([]);
    expect(await used.ingest.facts(sessionId)).toMatchObject([
      { type: 'ingest.unpublished', reason: 'revoked' },
    ]);
  });

  it('and is not confused by nonsense', async () => {
    const { publisher, sessionId } = await used.ingest.publishNew();
    await waitForListener();
    for (const nonsense of ['', '{', '{"type":"drop"}', `{"type":"drop","sessionId":"${sessionId}"}`]) {
      await used.ingest.redis.publish(ingestCommandChannel, nonsense);
    }
    await command(sessionId, 1, 'ended');
    expect(await used.ingest.waitUntilUnpublished(sessionId)).toMatchObject({ reason: 'ended' });
    expect(publisher.isClosed).toBe(true);
  });

  it.each<[string, Partial<ControlDocument>, string]>([
    ['stop', { desired: 'stop', stopReason: 'moderatorEnded', epoch: 1 }, 'ended'],
    ['another publish', { epoch: 2, dropRtmpBelow: 2 }, 'takenOver'],
  ])('by the control document alone: %s', async (_name, change, reason) => {
    const { sessionId } = await used.ingest.publishNew();
    const other = await used.ingest.publishNew();
    const document: ControlDocument = {
      sessionId,
      playbackId: 'p'.repeat(20),
      desired: 'run',
      stopReason: null,
      epoch: 0,
      source: null,
      rtmp: null,
      stageLayout: 'grid',
      dropRtmpBelow: 0,
      graceDeadlineAt: null,
      revision: 1,
      updatedAt: new Date().toISOString(),
    };
    // About the publish before this one.
    const past = { ...document, sessionId: other.sessionId, desired: 'stop' };
    const stageOnly = await used.ingest.publishNew();
    // The stage raises the epoch and drops nobody.
    const raised = { ...document, sessionId: stageOnly.sessionId, epoch: 2, dropRtmpBelow: 1 };
    await used.ingest.redis.set(controlKey(stageOnly.sessionId), JSON.stringify(raised));
    await used.ingest.redis.set(controlKey(other.sessionId), JSON.stringify(past));
    await used.ingest.redis.set(controlKey(sessionId), JSON.stringify({ ...document, ...change }));
    expect(await used.ingest.waitUntilUnpublished(sessionId)).toMatchObject({ reason });
    expect(other.publisher.isClosed).toBe(false);
    expect(stageOnly.publisher.isClosed).toBe(false);
  });
});
