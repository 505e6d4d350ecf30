import type { Session } from '@maydan/contracts';
import { crossCheck, probeRequests, validatePlayback, watchPlayback } from '../support/hls/index.ts';
import { checkMedia } from '../support/mediaCheck.ts';
import { readTopPlaylist, waitForNewerSegment } from '../support/playlists.ts';
import type { Publisher } from '../support/publish/Publisher.ts';
import { useStack } from '../support/useStack.ts';
import { waitFor } from '../support/waitFor.ts';

const pattern = { width: 640, height: 360, frameRate: 30, keyFrameIntervalSec: 2 };
const windowMs = 60_000;

/** Encoders come and go; viewers keep their player, and every playlist keeps to RFC 8216bis all the while. */
describe('a session whose publisher reconnects', () => {
  const used = useStack({ env: { GRACE_PERIOD_MS: '15000' }, publishersEnd: 'afterAll' });
  let session: Session;
  const publishers: Publisher[] = [];

  const publish = (): void => void publishers.push(used.publish(pattern));

  beforeAll(async () => {
    publish();
    session = await used.stack.waitForLive();
  }, 60_000);

  it('keeps all rules of low-latency HLS over a minute with a reconnect', async () => {
    const watching = watchPlayback({ url: session.playback.hlsUrl, durationMs: windowMs });
    await waitForNewerSegment(session.playback.hlsUrl, 6);
    await publishers[0]?.stop();
    await used.stack.waitForState(session.id, 'interrupted');
    publish();
    expect((await used.stack.waitForLive()).id).toBe(session.id);
    const recording = await watching;
    expect(validatePlayback(recording)).toEqual([]);
    expect(crossCheck(recording)).toEqual([]);
    expect((await readTopPlaylist(session.playback.hlsUrl)).discontinuities).toBe(1);
  }, 150_000);

  it('answers strange requests as the rules say', async () => {
    expect(await probeRequests(session.playback.hlsUrl)).toEqual([]);
  }, 60_000);

  it('lets the newest connection of a key take over a frozen one', async () => {
    const frozen = publishers.at(-1);
    frozen?.kill('SIGSTOP');
    const before = await readTopPlaylist(session.playback.hlsUrl);
    publish();
    const after = await waitForNewerSegment(session.playback.hlsUrl, before.lastMsn + 2);
    expect(after.discontinuities).toBe(2);
    frozen?.kill('SIGCONT');
    expect((await frozen?.exited)?.code).not.toBe(0);
    await waitForNewerSegment(session.playback.hlsUrl, after.lastMsn);
    expect((await used.stack.waitForLive()).id).toBe(session.id);
  }, 90_000);

  it('ends after the grace period, and all of it is one recording', async () => {
    const live = await readTopPlaylist(session.playback.hlsUrl);
    await publishers.at(-1)?.stop();
    const ended = await used.stack.waitForState(session.id, 'ended', 60_000);
    expect(ended.endReason).toBe('sourceGone');
    const report = await checkMedia(session.playback.hlsUrl);
    expect(report.decodeErrors).toEqual([]);
    expect(report.durationSec).toBeGreaterThan(live.durationSec - 1);
    await waitFor(
      'the end of the playlist',
      async () => (await readTopPlaylist(session.playback.hlsUrl)).ended,
    );
  }, 90_000);
});
