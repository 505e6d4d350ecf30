import type { Session } from '@maydan/contracts';
import { checkMedia } from '../support/mediaCheck.ts';
import { readTopPlaylist, waitForNewerSegment } from '../support/playlists.ts';
import type { Publisher } from '../support/publish/Publisher.ts';
import { waitFor } from '../support/waitFor.ts';
import { useStack } from '../support/useStack.ts';

const pattern = { width: 320, height: 180, frameRate: 25 };

/** Every process may be killed in mid-stream: the session goes on, and its recording plays. */
describe('a session whose processes are killed', () => {
  const used = useStack();
  let publisher: Publisher | undefined;

  async function goLive(): Promise<Session> {
    publisher = used.publish(pattern);
    const session = await used.stack.waitForLive();
    await waitForNewerSegment(session.playback.hlsUrl, 0);
    return session;
  }

  /** Ends the session and reads its recording to the last frame. */
  async function endAndCheck(session: Session, atLeastSec: number): Promise<void> {
    const api = await used.stack.broadcaster();
    await api.sessions.end({ id: session.id });
    const ended = await used.stack.waitForState(session.id, 'ended', 60_000);
    expect(ended.endReason).toBe('hostEnded');
    const report = await checkMedia(session.playback.hlsUrl);
    expect(report.decodeErrors).toEqual([]);
    expect(report.durationSec).toBeGreaterThan(atLeastSec);
    expect(report.maxVolumeDb).toBeGreaterThan(-20);
    const playlist = await readTopPlaylist(session.playback.hlsUrl);
    expect(playlist.ended).toBe(true);
  }

  it('goes on after the worker was killed, with one discontinuity and what was recorded before', async () => {
    const session = await goLive();
    const before = await readTopPlaylist(session.playback.hlsUrl);
    await used.stack.killAndRestart('workers');
    const after = await waitForNewerSegment(session.playback.hlsUrl, before.lastMsn + 1, 60_000);
    expect(after.mediaSequence).toBe(before.mediaSequence);
    expect(after.discontinuities).toBe(1);
    expect((await used.stack.waitForLive()).id).toBe(session.id);
    await endAndCheck(session, before.durationSec);
  }, 150_000);

  it('goes on after ingest was killed and the publisher came back', async () => {
    const session = await goLive();
    const before = await readTopPlaylist(session.playback.hlsUrl);
    const first = publisher;
    await used.stack.killAndRestart('ingest');
    await first?.exited;
    used.publish(pattern);
    const after = await waitForNewerSegment(session.playback.hlsUrl, before.lastMsn + 2, 60_000);
    expect(after.discontinuities).toBe(1);
    expect((await used.stack.waitForLive()).id).toBe(session.id);
    await endAndCheck(session, before.durationSec);
  }, 150_000);

  it('does not notice that the api was killed', async () => {
    const session = await goLive();
    const before = await readTopPlaylist(session.playback.hlsUrl);
    await used.stack.killAndRestart('api');
    const after = await waitForNewerSegment(session.playback.hlsUrl, before.lastMsn + 1);
    expect(after.discontinuities).toBe(0);
    expect((await used.stack.waitForLive()).id).toBe(session.id);
    await endAndCheck(session, before.durationSec);
  }, 150_000);

  it('goes on while Redis is killed and comes back', async () => {
    const session = await goLive();
    const before = await readTopPlaylist(session.playback.hlsUrl);
    await used.stack.killAndRestart('redis');
    await waitForNewerSegment(session.playback.hlsUrl, before.lastMsn + 2, 60_000);
    expect((await used.stack.waitForLive()).id).toBe(session.id);
    await endAndCheck(session, before.durationSec);
  }, 150_000);

  it('loses nothing of the recording while the storage hangs', async () => {
    const session = await goLive();
    const api = await used.stack.broadcaster();
    used.stack.stack.kill('s3', 'SIGSTOP');
    try {
      const before = await readTopPlaylist(session.playback.hlsUrl);
      await waitForNewerSegment(session.playback.hlsUrl, before.lastMsn + 6, 60_000);
      await waitFor(
        'a warning about the storage',
        async () => {
          const { health } = await api.sessions.health({ id: session.id });
          return health?.warnings.some(({ code }) => code === 'storageBehind') ?? false;
        },
        { timeoutMs: 60_000 },
      );
    } finally {
      used.stack.stack.kill('s3', 'SIGCONT');
    }
    const live = await readTopPlaylist(session.playback.hlsUrl);
    await endAndCheck(session, live.durationSec - 0.5);
    const recording = await readTopPlaylist(session.playback.hlsUrl);
    expect(recording.durationSec).toBeGreaterThanOrEqual(live.durationSec);
  }, 180_000);
});
