import { listSfuNodes } from '@maydan/common';
import { waitUntil } from '@maydan/infra';
import { makeClip, type Clip } from './testing/clip.ts';
import { childrenOf, isComposer, isReceiver, isRunning } from './testing/processes.ts';
import { StageStack, type Recording, type StageStackOptions } from './testing/StageStack.ts';
import { beeps, flashes, pictureTrack, type Area } from './testing/watch.ts';

/** Where the first and the second of two people are, on 320x180. */
const left = { x: 20, y: 55, width: 100, height: 30 };
const right = { x: 180, y: 55, width: 100, height: 30 };
const otherHz = 2_000;
const all = { x: 40, y: 20, width: 240, height: 100 };

const patienceMs = 60_000;

/** Until somebody has flashed twice after a moment: a flash a second, of which a busy machine leaves some out. */
function seen({ file }: Recording, area: Area, afterMs: number): Promise<unknown> {
  const twice = async (): Promise<boolean> =>
    (await flashes(file, area)).filter((sec) => sec * 1_000 > afterMs).length > 1;
  return waitUntil('two flashes', twice, patienceMs, 500);
}

describe('a composed stage', () => {
  let clip: Clip;
  let other: Clip;
  let current: StageStack | null = null;

  beforeAll(async () => {
    clip = await makeClip({ periodSec: 1, toneHz: 1_000, colour: '0x203050' }, { codec: 'vp8' });
    other = await makeClip({ periodSec: 1, toneHz: otherHz, colour: '0x502030' }, { codec: 'vp8' });
  }, 60_000);
  afterEach(async () => {
    await current?.close();
    current = null;
  }, 60_000);
  const start = async (options?: StageStackOptions): Promise<StageStack> => {
    current = await StageStack.start(options);
    return current;
  };

  it('ends when nobody has been on stage for a while, and begins anew under another epoch', async () => {
    const stack = await start();
    const a = await stack.join('A', clip);
    await stack.startJob();
    const first = await stack.fact('ingest.published', 60_000);
    const recording = await stack.record(first.relayUrl);
    await a.close();
    expect(await stack.fact('ingest.unpublished', 60_000)).toMatchObject({ epoch: 1, reason: 'closed' });
    await recording.ended;
    await expect(stack.record(first.relayUrl)).rejects.toThrow('404');
    await stack.join('A', clip);
    expect(await stack.fact('ingest.published', 60_000, 2)).toMatchObject({ epoch: 2 });
    await stack.control({ desired: 'stop', stopReason: 'hostEnded' });
    expect(await stack.fact('ingest.unpublished', 60_000, 2)).toMatchObject({ epoch: 2, reason: 'ended' });
    await waitUntil('the end of the job', async () => (await stack.jobs()) === 0, 60_000);
  }, 240_000);

  it('goes on with empty places while its sfu is away, and with people when they are back', async () => {
    const stack = await start({ patience: 10 });
    const lost = await stack.join('A', clip);
    await stack.startJob();
    const { relayUrl } = await stack.fact('ingest.published', 60_000);
    await stack.shows(1);
    const recording = await stack.record(relayUrl);
    await stack.pictures(45);
    await stack.sfu.kill('SIGKILL');
    await stack.sfu.start();
    await lost.close();
    await stack.join('A', clip);
    await stack.shows(1, 1);
    await seen(recording, all, stack.mediaTimeMs);
    const file = await recording.stop();
    expect((await pictureTrack(file)).sizes).toEqual(['320x180']);
    expect((await stack.facts()).filter(({ type }) => type === 'ingest.unpublished')).toEqual([]);
  }, 240_000);

  it('goes on in the same publish with who is on another sfu node when its own one dies', async () => {
    // Picture and sound of the first one for the composite fill the first node.
    const stack = await start({ consumersPerWorker: 1 });
    const lost = await stack.join('A', clip);
    await stack.startJob();
    const { relayUrl } = await stack.fact('ingest.published', 60_000);
    await stack.shows(1);
    await stack.startSfu();
    const full = async (): Promise<boolean> =>
      (await listSfuNodes(stack.redis)).some(({ load }) => load >= 0.9);
    await waitUntil('the first node to be full', full, 60_000);
    const kept = await stack.join('B', other);
    expect(kept.nodeId).not.toBe(lost.nodeId);
    await stack.shows(2);
    const recording = await stack.record(relayUrl);
    await stack.pictures(45);
    const killed = stack.mediaTimeMs;
    await stack.sfu.kill('SIGKILL');
    await lost.close();
    await stack.shows(1, 1);
    const back = stack.mediaTimeMs;
    expect(back - killed).toBeLessThan(5_000);
    await seen(recording, all, back);
    const isHeard = async (): Promise<boolean> =>
      (await beeps(recording.file, otherHz)).filter(({ timeSec }) => timeSec * 1_000 > back).length > 1;
    await waitUntil('two beeps', isHeard, patienceMs, 500);
    const again = await stack.join('A', clip);
    expect(again.nodeId).toBe(kept.nodeId);
    await stack.shows(2);
    await seen(recording, left, stack.mediaTimeMs);
    await seen(recording, right, stack.mediaTimeMs);
    const file = await recording.stop();
    expect((await pictureTrack(file)).sizes).toEqual(['320x180']);
    const types = (await stack.facts()).map(({ type }) => type);
    expect(types.filter((type) => type.startsWith('ingest.'))).toEqual(['ingest.published']);
  }, 240_000);

  it('goes on in the same publish when what composes it and what receives it are killed', async () => {
    const others = new Set(childrenOf(process.pid).filter(isComposer));
    const stack = await start({ patience: 10 });
    await stack.join('A', clip);
    await stack.join('B', clip);
    await stack.startJob();
    const { relayUrl } = await stack.fact('ingest.published', 60_000);
    await stack.shows(2);
    const recording = await stack.record(relayUrl);
    await stack.pictures(45);
    const composers = childrenOf(process.pid).filter((pid) => isComposer(pid) && !others.has(pid));
    expect(composers).toHaveLength(1);
    for (const pid of composers) process.kill(pid, 'SIGKILL');
    await stack.shows(0, 2);
    await stack.shows(2);
    // What receives for the room: it is joined again, and everybody keeps the place.
    const receivers = childrenOf(process.pid).filter(isReceiver);
    expect(receivers).toHaveLength(1);
    for (const pid of receivers) process.kill(pid, 'SIGKILL');
    await waitUntil(
      'another one',
      () => childrenOf(process.pid).some((pid) => isReceiver(pid) && !receivers.includes(pid)),
      patienceMs,
    );
    await stack.shows(2);
    const back = stack.mediaTimeMs;
    for (const area of [left, right]) await seen(recording, area, back);
    const file = await recording.stop();
    expect((await pictureTrack(file)).sizes).toEqual(['320x180']);
    const types = (await stack.facts()).map(({ type }) => type);
    expect(types.filter((type) => type.startsWith('ingest.'))).toEqual(['ingest.published']);
  }, 240_000);

  it('is handed over to another worker, which takes our place in the room', async () => {
    const stack = await start();
    await stack.join('A', clip);
    await stack.startJob();
    await stack.fact('ingest.published', 60_000);
    const first = stack.worker;
    stack.worker = await stack.startWorker();
    await first.close();
    expect(await stack.fact('ingest.unpublished', 60_000)).toMatchObject({ epoch: 1, reason: 'shutdown' });
    expect(await stack.fact('ingest.published', 60_000, 2)).toMatchObject({ epoch: 2 });
    await stack.shows(1);
    expect(await stack.jobs()).toBe(1);
  }, 240_000);

  it('is taken over when its process is killed, and no process of it is left', async () => {
    const stack = await start({ ownProcess: true });
    await stack.join('A', clip);
    await stack.join('B', clip);
    await stack.startJob();
    const first = await stack.fact('ingest.published', 60_000);
    const killed = stack.workers;
    const recording = await stack.record(first.relayUrl);
    // One receives, one composes the picture, one encodes the sound.
    await waitUntil('all processes', () => childrenOf(killed.pid).length === 3, 60_000);
    const children = childrenOf(killed.pid);
    stack.workers = await stack.startWorkers();
    await killed.kill('SIGKILL');
    await recording.ended;
    await waitUntil('the end of all', () => !children.some(isRunning), 60_000);
    const second = await stack.fact('ingest.published', 60_000, 2);
    expect(second).toMatchObject({ epoch: 2, sourceKind: 'stage' });
    const next = await stack.record(second.relayUrl);
    for (const area of [left, right]) await seen(next, area, 0);
    await next.stop();
    expect(await stack.jobs()).toBe(1);
  }, 240_000);
});
