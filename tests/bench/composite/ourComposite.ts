import { StageStack } from '../../../workers/src/stage/testing/StageStack.ts';
import type { Running, Scene } from './bareComposite.ts';
import { FlvMeter } from './FlvMeter.ts';

/** Ours: the people send to a real sfu, a process of the real workers composes them, and somebody plays what it publishes. */
export async function startOurs({
  people,
  height,
}: Scene): Promise<Running & { recordTo(durationMs: number): Promise<string> }> {
  const stack = await StageStack.start({ height, ownProcess: true });
  try {
    for (const { name, clip } of people) await stack.join(name, clip);
    await stack.startJob();
    const { relayUrl } = await stack.fact('ingest.published', 60_000);
    const meter = new FlvMeter(await stack.play(relayUrl));
    const recordTo = async (durationMs: number): Promise<string> => {
      const recording = await stack.record(relayUrl);
      await meter.advance(durationMs);
      return recording.stop();
    };
    return { pid: stack.workers.pid, meter, recordTo, close: () => stack.close() };
  } catch (error) {
    await stack.close();
    throw error;
  }
}
