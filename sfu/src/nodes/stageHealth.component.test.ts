import { randomUUID } from 'node:crypto';
import { fact, factStream } from '@maydan/contracts';
import type { FactOf } from '@maydan/contracts';
import { RtpSource } from '../testing/RtpSource.ts';
import { TestSfu } from '../testing/TestSfu.ts';
import { until } from '../testing/until.ts';

let sfu: TestSfu;
beforeAll(async () => {
  sfu = await TestSfu.start();
}, 60_000);
afterAll(async () => sfu?.close(), 30_000);

async function reports(sessionId: string): Promise<FactOf<'stage.health'>[]> {
  const entries = await sfu.redis.xrange(factStream, '-', '+');
  return entries.flatMap(([, fields]) => {
    const parsed = fact.parse(JSON.parse(fields[1] ?? ''));
    return parsed.type === 'stage.health' && parsed.sessionId === sessionId ? [parsed] : [];
  });
}

it('tells how well each producer on stage arrives', async () => {
  const sessionId = randomUUID();
  const peer = await sfu.join({ sessionId, role: 'ingress' });
  const source = await RtpSource.start(peer);
  try {
    const good = async (): Promise<boolean> => {
      const report = (await reports(sessionId)).at(-1);
      const camera = report?.peers.find((one) => one.source === 'camera');
      const microphone = report?.peers.find((one) => one.source === 'microphone');
      return (camera?.bitrateBps ?? 0) > 20_000 && camera?.packetLoss === 0 && microphone !== undefined;
    };
    await until('a report with a picture', good, 20_000);
    const [newest] = (await reports(sessionId)).slice(-1);
    expect(newest).toMatchObject({ nodeId: sfu.running.nodeId });
    // Its worker tells of its pictures.
    const camera = newest?.peers.find((one) => one.source === 'camera');
    expect(camera).toMatchObject({
      ...{ frameRate: null, width: null, keyFrameIntervalMs: null, frames: null },
    });
    for (const one of newest?.peers ?? []) expect(one.jitterMs ?? -1).toBeGreaterThanOrEqual(0);
  } finally {
    await source.close();
  }
}, 60_000);
