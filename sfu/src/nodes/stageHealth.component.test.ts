import { randomUUID } from 'node:crypto';
import { fact, factStream } from '@maydan/contracts';
import type { FactOf } from '@maydan/contracts';
import { waitFor } from '../../../tests/support/waitFor.ts';
import { RtpSource } from '../testing/RtpSource.ts';
import { TestSfu } from '../testing/TestSfu.ts';

let sfu: TestSfu;
beforeAll(async () => {
  sfu = await TestSfu.start();
});
afterAll(async () => sfu?.close());

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
    const isGood = ({ peers }: FactOf<'stage.health'>): boolean => {
      const camera = peers.find((one) => one.source === 'camera');
      const microphone = peers.find((one) => one.source === 'microphone');
      const hasJitter = peers.every(({ jitterMs }) => (jitterMs ?? -1) >= 0);
      const arrives = (camera?.bitrateBps ?? 0) > 20_000 && camera?.packetLoss === 0;
      return arrives && microphone !== undefined && hasJitter;
    };
    const good = await waitFor('a good report', async () => (await reports(sessionId)).find(isGood));
    expect(good).toMatchObject({ nodeId: sfu.running.nodeId });
    // Its worker tells of its pictures.
    const camera = good.peers.find((one) => one.source === 'camera');
    expect(camera).toMatchObject({
      ...{ frameRate: null, width: null, keyFrameIntervalMs: null, frames: null },
    });
  } finally {
    await source.close();
  }
});
