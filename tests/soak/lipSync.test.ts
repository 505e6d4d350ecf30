import { apartMs, lipSyncOf, quantile, type LipSync } from '../support/lipSync/lipSyncOf.ts';
import { useLossyLive } from '../support/lipSync/LossyLive.ts';

/** Ten minutes: a fifth of them for each share of packets lost, both ways. */
const shares = [0.01, 0.02, 0.03, 0.04, 0.05];
const stepMs = 120_000;
const durationSec = (shares.length * stepMs) / 1_000;
/** Lips and voice may be this far apart. */
const lipSyncMs = 100;
/** What is told one by one, for whoever has to find out why. */
const farMs = 80;
const windowSec = 30;

/** What was measured in the last `count` stretches of a recording, in their order. */
function stretches({ offsets }: LipSync, count: number, lengthSec: number): LipSync['offsets'][] {
  const beginSec = (offsets.at(-1)?.atSec ?? 0) - count * lengthSec;
  return Array.from({ length: count }, (_, index) => {
    const fromSec = beginSec + index * lengthSec;
    return offsets.filter(({ atSec }) => atSec > fromSec && atSec <= fromSec + lengthSec);
  });
}

function describeStretch(offsets: LipSync['offsets'], index: number): string {
  const apart = apartMs(offsets);
  const median = quantile(
    offsets.map(({ offsetMs }) => offsetMs),
    0.5,
  );
  const figures = `median ${median} ms, 95 % within ${quantile(apart, 0.95)} ms, all within ${Math.max(...apart)} ms`;
  const far = offsets.filter(({ offsetMs }) => Math.abs(offsetMs) > farMs);
  const when = far.map(({ atSec, offsetMs }) => `${offsetMs} ms at ${atSec.toFixed(0)} s`).join(', ');
  return `${(shares[index] ?? 0) * 100} % lost: ${offsets.length} flashes, ${figures}${when === '' ? '' : ` (${when})`}`;
}

/** `npm run test:soak`; on a busy machine with `chrt -r 5` before it, since what isn't made in time isn't lip sync. */
describe('lips and voice over ten minutes of packet loss', () => {
  const used = useLossyLive();

  it.each([
    ['composed (VP8)', 'VP8'],
    ['passed on (H.264)', 'H264'],
  ] as const)(
    'stay within 100 ms when the picture is %s',
    async (name, codec) => {
      const { live, session } = await used.live(codec);
      for (const share of shares) await live.lose(share, stepMs);
      const { playback } = await live.end(session);
      const found = await lipSyncOf(playback.hlsUrl);
      const { came, lost } = live.relay;
      const skipped = await live.stack.metric('workers', 'maydan_workers_stage_skipped_pictures');
      const steps = stretches(found, shares.length, stepMs / 1_000);
      const summary = `${lost} of ${came} datagrams lost; ${found.beeps} beeps, ${found.torn} torn flashes, ${skipped} pictures not made in time`;
      console.log([`${name}: ${summary}`, ...steps.map(describeStretch)].join('\n'));
      expect(found.beeps).toBeGreaterThan(0.9 * durationSec);
      // A single flash may have lost its first picture; what lips do is told by many.
      for (const step of steps) expect(quantile(apartMs(step), 0.95)).toBeLessThanOrEqual(lipSyncMs);
      for (const window of stretches(found, durationSec / windowSec, windowSec)) {
        expect(window.length).toBeGreaterThan(windowSec / 3);
        expect(quantile(apartMs(window), 0.5)).toBeLessThanOrEqual(lipSyncMs);
      }
    },
    900_000,
  );
});
