import { waitUntil } from '@maydan/infra';
import { makeClip, type Clip } from './testing/clip.ts';
import { StageStack } from './testing/StageStack.ts';
import { flashes, pictureTrack } from './testing/watch.ts';

const all = { x: 40, y: 20, width: 240, height: 100 };

describe('a composed stage', () => {
  let clip: Clip;
  let current: StageStack | null = null;

  beforeAll(async () => {
    clip = await makeClip({ periodSec: 1, toneHz: 1_000, colour: '0x203050' }, { codec: 'vp8' });
  }, 60_000);
  afterEach(async () => {
    await current?.close();
    current = null;
  });
  const start = async (): Promise<StageStack> => {
    current = await StageStack.start();
    return current;
  };

  it('ends when nobody has been on stage for a while, and begins anew under another epoch', async () => {
    const stack = await start();
    const a = await stack.join('A', clip);
    await stack.startJob();
    const first = await stack.fact('ingest.published', 20_000);
    const recording = await stack.record(first.relayUrl);
    await a.close();
    expect(await stack.fact('ingest.unpublished', 15_000)).toMatchObject({ epoch: 1, reason: 'closed' });
    await recording.ended;
    await expect(stack.record(first.relayUrl)).rejects.toThrow('404');
    await stack.join('A', clip);
    expect(await stack.fact('ingest.published', 20_000, 2)).toMatchObject({ epoch: 2 });
    await stack.control({ desired: 'stop', stopReason: 'hostEnded' });
    expect(await stack.fact('ingest.unpublished', 10_000, 2)).toMatchObject({ epoch: 2, reason: 'ended' });
    await waitUntil('the end of the job', async () => (await stack.jobs()) === 0, 10_000);
  }, 90_000);

  it('goes on with empty places while its sfu is away, and with people when they are back', async () => {
    const stack = await start();
    const lost = await stack.join('A', clip);
    await stack.startJob();
    const { relayUrl } = await stack.fact('ingest.published', 20_000);
    await stack.shows(1);
    const recording = await stack.record(relayUrl);
    await stack.pictures(45);
    await stack.sfu.kill('SIGKILL');
    await stack.sfu.start();
    await lost.close();
    await stack.join('A', clip);
    await stack.shows(1, 1);
    const back = stack.mediaTimeMs;
    await stack.pictures(75);
    const file = await recording.stop();
    expect((await pictureTrack(file)).sizes).toEqual(['320x180']);
    const seen = await flashes(file, all);
    expect(seen.filter((sec) => sec * 1_000 > back).length).toBeGreaterThan(0);
    expect((await stack.facts()).filter(({ type }) => type === 'ingest.unpublished')).toEqual([]);
  }, 120_000);

  it('is handed over to another worker, which takes our place in the room', async () => {
    const stack = await start();
    await stack.join('A', clip);
    await stack.startJob();
    await stack.fact('ingest.published', 20_000);
    const first = stack.worker;
    stack.worker = await stack.startWorker();
    await first.close();
    expect(await stack.fact('ingest.unpublished', 15_000)).toMatchObject({ epoch: 1, reason: 'shutdown' });
    expect(await stack.fact('ingest.published', 20_000, 2)).toMatchObject({ epoch: 2 });
    await stack.shows(1);
    expect(await stack.jobs()).toBe(1);
  }, 90_000);
});
