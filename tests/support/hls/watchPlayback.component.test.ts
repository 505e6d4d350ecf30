import { OriginHarness } from '../../../workers/src/origin/testing/originHarness.ts';
import { crossCheck } from './crossCheck.ts';
import { probeRequests } from './probeRequests.ts';
import { validatePlayback } from './validatePlayback.ts';
import { watchPlayback } from './watchPlayback.ts';

/** Feeds a playback in real time until stopped; `at` are things to do before the part of that number. */
function feedInRealTime(harness: OriginHarness, at: Readonly<Record<number, 'reconnect' | 'end'>>) {
  const { feed } = harness.live('abc', { dvrWindowSec: 12, partSec: 0.2, partsPerSegment: 5 });
  let part = 0;
  feed.parts(1);
  const timer = setInterval(() => {
    part += 1;
    if (at[part] === 'reconnect') feed.reconnect(700);
    if (at[part] === 'end') {
      clearInterval(timer);
      feed.end();
    } else feed.parts(1);
  }, 200);
  return () => clearInterval(timer);
}

describe('watching the origin as a low-latency player', () => {
  let harness: OriginHarness;
  beforeEach(async () => {
    harness = await OriginHarness.create();
  });
  afterEach(() => harness.close());

  it('finds every rule kept, over a reconnect and a sliding window, until the end', async () => {
    const stop = feedInRealTime(harness, { 33: 'reconnect', 80: 'end' });
    try {
      const url = `${harness.url}/hls/abc/index.m3u8`;
      const [recording, wrong] = await Promise.all([
        watchPlayback({ url, durationMs: 100_000 }),
        probeRequests(url),
      ]);
      expect(wrong).toEqual([]);
      expect(validatePlayback(recording)).toEqual([]);
      expect(crossCheck(recording)).toEqual([]);
      const video = recording.playlists.find(({ id }) => id === '720p');
      expect(video?.snapshots.length).toBeGreaterThan(60);
      expect(video?.snapshots.some(({ delta }) => delta)).toBe(true);
      expect(video?.snapshots.at(-1)?.playlist).toMatchObject({ ended: true });
      const reasons = new Set(recording.files.map(({ why }) => why));
      expect([...reasons].sort()).toEqual(['hint', 'init', 'left the list', 'part', 'segment']);
      expect(recording.comparisons.length).toBeGreaterThan(30);
    } finally {
      stop();
    }
  });
});
