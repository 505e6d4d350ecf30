import { waitUntil } from '@maydan/infra';
import { makeClip, type Clip } from './testing/clip.ts';
import { StageStack } from './testing/StageStack.ts';
import { beeps, flashes, lipSync } from './testing/watch.ts';

/** Lips and voice may be this far apart. */
const lipSyncMs = 100;
const left = { x: 20, y: 60, width: 80, height: 30 };
const right = { x: 180, y: 60, width: 80, height: 30 };

describe('a composed stage', () => {
  let clips: { a: Clip; b: Clip };
  let stack: StageStack | null = null;

  beforeAll(async () => {
    clips = {
      a: await makeClip({ periodSec: 1, toneHz: 1_000, colour: '0x203050' }, { codec: 'vp8' }),
      b: await makeClip({ periodSec: 1.5, toneHz: 2_300, colour: '0x502020' }, { codec: 'h264' }),
    };
  }, 60_000);
  afterEach(async () => {
    await stack?.close();
    stack = null;
  });

  it('shows and mixes everybody in sync', async () => {
    stack = await StageStack.start();
    await stack.join('Layla', clips.a);
    await stack.join('محمد', clips.b);
    await stack.startJob();
    const published = await stack.fact('ingest.published', 10_000);
    expect(published).toMatchObject({ epoch: 1, sourceKind: 'stage' });
    const recording = await stack.record(published.relayUrl);
    await waitUntil(
      'some seconds of it',
      () => (stack?.worker.sessions[0]?.publish?.engine.flv.pictures ?? 0) > 240,
      30_000,
    );
    const file = await recording.stop();
    for (const [area, tone] of [
      [left, 1_000],
      [right, 2_300],
    ] as const) {
      const seen = await flashes(file, area);
      const heard = await beeps(file, tone);
      console.log(
        seen,
        heard,
        lipSync(
          seen,
          heard.map(({ timeSec }) => timeSec),
        ),
      );
      expect(seen.length).toBeGreaterThan(2);
    }
    expect(lipSyncMs).toBe(100);
  }, 90_000);
});
