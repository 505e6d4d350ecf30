import { join } from 'node:path';
import { startS3, waitUntil } from '@maydan/infra';
import { playbackKeys } from '@maydan/contracts';
import { FIRST_MSN } from './live/events.ts';
import { run } from './packager/testing/ffmpeg.ts';
import { useWorkerStack } from './testing/useWorkerStack.ts';
import type { LiveTest } from './testing/WorkerStack.ts';

const newestSegment = (playlist: string): number =>
  Math.max(FIRST_MSN - 1, ...[...playlist.matchAll(/^s(\d+)-\d+\.m4s$/gm)].map(([, msn]) => Number(msn)));

describe('the workers process in trouble', () => {
  const used = useWorkerStack();

  const topPlaylist = async (session: LiveTest) => {
    const { renditions } = await session.fact('live.ready', 60_000);
    return `${renditions[0] ?? ''}/index.m3u8`;
  };
  const progress = async (session: LiveTest, path: string, segments: number, deadlineMs = 60_000) => {
    const from = newestSegment(await session.playlist(path));
    await waitUntil(
      'new segments',
      async () => newestSegment(await session.playlist(path).catch(() => '')) >= from + segments,
      deadlineMs,
    );
  };
  const storageBehind = async (session: LiveTest) => {
    const isTold = async (): Promise<boolean> =>
      (await used.stack.facts(session.sessionId)).some(
        (one) =>
          one.type === 'live.health' && one.health.warnings.some(({ code }) => code === 'storageBehind'),
      );
    await waitUntil('the warning', isTold, 60_000, 100);
  };
  const endWell = async (session: LiveTest, deadlineMs = 60_000) => {
    await session.stop();
    const ended = await session.fact('live.ended', deadlineMs);
    expect(ended).toMatchObject({ failure: null, recorded: true });
    await run('ffmpeg', ['-v', 'error', '-xerror', '-i', session.url('index.m3u8'), '-f', 'null', '-']);
    return ended;
  };

  it('keeps a session over a reconnect of its publisher', async () => {
    await used.stack.startWorker();
    const session = await used.stack.startSession();
    const path = await topPlaylist(session);
    used.stack.relay.isGone = true;
    used.stack.relay.hangUp();
    const lost = await session.fact('live.sourceLost', 60_000);
    expect(lost).toMatchObject({ epoch: 1 });
    await session.control({ source: null });
    used.stack.relay.isGone = false;
    await session.control({
      epoch: 2,
      source: { relayUrl: used.stack.relay.urlOf(session.sessionId, 2), epoch: 2 },
    });
    expect(await session.fact('live.ready', 60_000, 2)).toMatchObject({ epoch: 2, fence: 1 });
    await progress(session, path, 2);
    expect((await session.playlist(path)).match(/^#EXT-X-DISCONTINUITY$/gm)).toHaveLength(1);
    await endWell(session);
  }, 240_000);

  it('goes on while Redis is killed and comes back', async () => {
    await used.stack.startWorker();
    const session = await used.stack.startSession();
    const path = await topPlaylist(session);
    await progress(session, path, 1);
    await used.stack.restartRedis();
    await progress(session, path, 5);
    const accepted = (await used.stack.facts(session.sessionId)).filter(
      ({ type }) => type === 'live.accepted',
    );
    expect(accepted).toHaveLength(1);
    expect(await session.playlist(path)).not.toContain('#EXT-X-DISCONTINUITY\n');
    await endWell(session);
  }, 240_000);

  it('goes on without its storage, says so, and records everything when it is back, though killed before', async () => {
    await used.stack.startWorker();
    const session = await used.stack.startSession();
    const path = await topPlaylist(session);
    used.stack.s3.kill('SIGKILL');
    await used.stack.s3.exited;
    await progress(session, path, 4);
    await storageBehind(session);
    await session.stop();
    await waitUntil(
      'the end of the playlist',
      async () => (await session.playlist(path)).includes('#EXT-X-ENDLIST'),
      60_000,
    );
    const seen = [...(await session.playlist(path)).matchAll(/#EXTINF:([\d.]+)/g)];
    const seenSec = seen.reduce((sum, match) => sum + Number(match[1]), 0);
    await used.stack.stopWorker('SIGKILL');
    await used.stack.startWorker();
    expect((await session.fact('live.accepted', 60_000, 2)).fence).toBe(2);
    const { port, accessKeyId, secretAccessKey } = used.stack.s3;
    used.stack.s3 = await startS3({ dir: join(used.stack.folder, 's3'), port, accessKeyId, secretAccessKey });
    const ended = await session.fact('live.ended', 60_000);
    expect(ended).toMatchObject({ failure: null, recorded: true });
    expect(seenSec).toBeGreaterThanOrEqual(8);
    expect(ended.durationMs / 1000).toBeCloseTo(seenSec, 1);
    await run('ffmpeg', ['-v', 'error', '-xerror', '-i', session.url('index.m3u8'), '-f', 'null', '-']);
  }, 300_000);

  it('stays live with a wrong storage key', async () => {
    await used.stack.startWorker({ S3_ACCESS_KEY_ID: 'notTheKey' });
    const session = await used.stack.startSession();
    const path = await topPlaylist(session);
    await progress(session, path, 2);
    await storageBehind(session);
    await used.stack.stopWorker('SIGTERM');
    await used.stack.startWorker();
    await session.fact('live.ready', 60_000, 2);
    await endWell(session);
  }, 240_000);

  it('tells a session that it waits for capacity, and takes it when there is some', async () => {
    await used.stack.startWorker({ WORKER_CPU_BUDGET: '0.2' });
    const first = await used.stack.startSession();
    await first.fact('live.ready', 60_000);
    const second = await used.stack.startSession();
    const waiting = await second.fact('live.health', 60_000);
    expect(waiting.health.warnings.map(({ code }) => code)).toEqual(['waitingForCapacity']);
    await endWell(first);
    await second.fact('live.ready', 60_000);
    await endWell(second);
  }, 240_000);

  it('stops a run that another one has superseded, and takes the session again when that one gives it up', async () => {
    await used.stack.startWorker();
    const session = await used.stack.startSession();
    const path = await topPlaylist(session);
    await progress(session, path, 1);
    await used.stack.redis.incr(playbackKeys.fence(session.playbackId));
    // Only a run that has stopped gives the session up.
    expect((await session.fact('live.accepted', 60_000, 2)).fence).toBe(3);
    await session.fact('live.ready', 60_000, 2);
    expect((await session.playlist(path)).match(/^#EXT-X-DISCONTINUITY$/gm)).toHaveLength(1);
    await endWell(session);
  }, 240_000);
});
