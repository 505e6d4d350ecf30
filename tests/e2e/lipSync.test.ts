import { apartMs, lipSyncOf, quantile } from '../support/lipSync/lipSyncOf.ts';
import { useLossyLive } from '../support/lipSync/LossyLive.ts';

const lossMs = 20_000;
const lossShare = 0.03;
/** Lips and voice may be this far apart. */
const lipSyncMs = 100;

/** The ten minutes of it are `npm run test:soak`. */
describe('lips and voice in the recording of somebody whose network loses packets', () => {
  const used = useLossyLive();

  it.each([
    ['composed (VP8)', 'VP8'],
    ['passed on (H.264)', 'H264'],
  ] as const)(
    'stay together when the picture is %s',
    async (_name, codec) => {
      const { live, session } = await used.live(codec);
      await live.lose(lossShare, lossMs);
      expect(live.relay.lost).toBeGreaterThan(0);
      const { playback } = await live.end(session);
      const { offsets, beeps } = await lipSyncOf(playback.hlsUrl);
      expect(beeps).toBeGreaterThan(lossMs / 2_000);
      expect(offsets.length).toBeGreaterThan(lossMs / 4_000);
      expect(quantile(apartMs(offsets), 0.5)).toBeLessThan(lipSyncMs);
    },
    180_000,
  );
});
