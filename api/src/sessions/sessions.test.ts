import { createLogger } from '@maydan/common';
import { waitUntil } from '@maydan/infra';
import type { Session } from '@maydan/prisma';
import { controlDocumentOf, storedEndReason } from './controlDocument.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { sessionView } from './sessionView.ts';
import type { SessionRow } from './sessions.repo.ts';
import { SweepTimer } from './SweepTimer.ts';

const at = new Date('2026-05-01T12:00:00.000Z');
const row: Session = {
  id: '0192f0c1-0000-7000-8000-000000000001',
  hostId: '0192f0c1-0000-7000-8000-000000000002',
  title: 'Title',
  description: '',
  type: 'video',
  category: null,
  tags: [],
  tagKeys: [],
  titleKey: 'title',
  descriptionKey: '',
  hostKey: '',
  visibility: 'public',
  privateFor: 'invited',
  stageLayout: 'grid',
  scheduledStartAt: null,
  createdAt: at,
  updatedAt: at,
  revision: 7,
  state: 'live',
  stateChangedAt: at,
  endReason: null,
  startedAt: at,
  readyAt: at,
  graceDeadlineAt: null,
  endedAt: null,
  durationMs: null,
  playbackId: 'abcdefghijklmnop',
  epoch: 2,
  authorizedAt: at,
  streamKeyId: null,
  sourceEpoch: 2,
  sourceKind: 'rtmp',
  rtmpEpoch: 2,
  rtmpRelayUrl: 'http://127.0.0.1:8081/relay/a/2.flv',
  stageEpoch: 0,
  stageRelayUrl: null,
  goneEpoch: 0,
  dropRtmpBelow: 2,
  whipPeerId: null,
  relayUrl: 'http://127.0.0.1:8081/relay/a/2.flv',
  fence: 1,
  recorded: false,
  byteLength: 0n,
  posterPath: null,
  storyboardPath: null,
  hiddenAt: null,
  hiddenById: null,
  recordingDeletedAt: null,
  mediaRemovedAt: null,
};

describe('the control document', () => {
  it('names the source while a publisher is connected', () => {
    expect(controlDocumentOf(row)).toMatchObject({
      desired: 'run',
      stopReason: null,
      epoch: 2,
      source: { relayUrl: row.relayUrl, epoch: 2 },
      graceDeadlineAt: null,
    });
    expect(controlDocumentOf({ ...row, epoch: 3 })).toMatchObject({ epoch: 3, source: { epoch: 2 } });
  });

  it('names the RTMP publisher beside the stage that is shown', () => {
    const stage = {
      sourceKind: 'stage' as const,
      sourceEpoch: 3,
      epoch: 3,
      relayUrl: 'http://w/relay/a/3.flv',
    };
    expect(controlDocumentOf({ ...row, ...stage })).toMatchObject({
      source: { relayUrl: 'http://w/relay/a/3.flv', epoch: 3 },
      rtmp: { relayUrl: row.rtmpRelayUrl, epoch: 2 },
      dropRtmpBelow: 2,
    });
  });

  it('has no source while interrupted, and says until when', () => {
    const interrupted = { ...row, state: 'interrupted' as const, relayUrl: null, graceDeadlineAt: at };
    expect(controlDocumentOf(interrupted)).toMatchObject({
      desired: 'run',
      source: null,
      graceDeadlineAt: at.toISOString(),
    });
  });

  it.each(['ending', 'ended', 'failed'] as const)('wants a stop when %s', (state) => {
    expect(controlDocumentOf({ ...row, state, endReason: 'hostEnded' })).toMatchObject({
      desired: 'stop',
      stopReason: 'hostEnded',
      source: null,
    });
    expect(controlDocumentOf({ ...row, state })).toMatchObject({ stopReason: 'sourceGone' });
  });

  it('survives a reason of another version', () => {
    expect(storedEndReason('ofTomorrow')).toBe('workerLost');
    expect(storedEndReason(null)).toBeNull();
  });
});

describe('the view of a session', () => {
  const host = {
    id: row.hostId,
    username: 'ann',
    displayName: 'Ann',
    role: 'admin' as const,
    bannedAt: null,
  };
  const view = (change: Partial<SessionRow>) =>
    sessionView({ ...row, host, audience: null, ...change }, 'http://h:8090');

  it('names the host, and tells nobody their role', () => {
    expect(view({}).host).toEqual({ id: row.hostId, username: 'ann', displayName: 'Ann' });
  });

  it('has addresses under the base of the one who asks', () => {
    expect(view({ posterPath: 'poster.jpg' }).playback).toEqual({
      playbackId: row.playbackId,
      hlsUrl: 'http://h:8090/hls/abcdefghijklmnop/index.m3u8',
      playable: true,
      posterUrl: 'http://h:8090/hls/abcdefghijklmnop/poster.jpg',
      storyboardUrl: null,
    });
  });

  it.each([
    [{ state: 'starting', readyAt: null }, false],
    [{ state: 'interrupted' }, true],
    [{ state: 'ending' }, true],
    [{ state: 'ended', recorded: false }, false],
    [{ state: 'ended', recorded: true }, true],
    [{ state: 'failed', recorded: true }, true],
  ] as const)('%j is playable: %p', (change, playable) => {
    expect(view(change).playback.playable).toBe(playable);
  });
});

describe('cursors', () => {
  it('are read as they were written', () => {
    const cursor = { at, id: row.id };
    expect(decodeCursor(encodeCursor(cursor))).toEqual(cursor);
  });

  it.each(['', 'x', Buffer.from('[1,2]').toString('base64url'), Buffer.from('{}').toString('base64url')])(
    'of somebody else’s making are refused: %p',
    (text) => {
      expect(() => decodeCursor(text)).toThrow(expect.objectContaining({ code: 'validation_failed' }));
    },
  );
});

describe('the timer of the sweep', () => {
  const logger = createLogger('api', 'fatal', { write: () => undefined });
  const failing = () => Promise.reject(new Error('fails'));

  it.each([
    ['although the sweep fails', failing],
    ['beside the sweep', () => Promise.resolve()],
  ])('does hourly work %s: again until it succeeds, then not for an hour', async (_how, run) => {
    let [rounds, tries] = [0, 0];
    const sweep = { run: () => ((rounds += 1), run()) };
    const hourly = () => ((tries += 1), tries < 3 ? failing() : Promise.resolve());
    const timer = new SweepTimer({ sweep, hourly, logger, periodMs: 1, hourlyRetryMs: 1 });
    timer.start();
    try {
      await waitUntil('the hourly work to succeed', () => tries === 3, 20_000, 1);
      const before = rounds;
      await waitUntil('more rounds', () => rounds > before + 3, 20_000, 1);
    } finally {
      await timer.close();
    }
    expect(tries).toBe(3);
  });

  it('waits before it tries again what failed', async () => {
    let [rounds, tries] = [0, 0];
    const sweep = { run: () => Promise.resolve(void (rounds += 1)) };
    const timer = new SweepTimer({
      sweep,
      hourly: () => ((tries += 1), failing()),
      logger,
      periodMs: 1,
      hourlyRetryMs: 3_600_000,
    });
    timer.start();
    try {
      await waitUntil('a few rounds', () => rounds > 3, 20_000, 1);
    } finally {
      await timer.close();
    }
    expect(tries).toBe(1);
  });
});
