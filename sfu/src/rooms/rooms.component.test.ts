import { randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { createLogger } from '@maydan/common';
import { workerBin } from '../testing/workerBin.ts';
import { WorkerPool } from '../workers/WorkerPool.ts';
import { Rooms } from './Rooms.ts';

const logger = createLogger('sfu', 'silent');
const portRange = { min: 40_100, max: 49_999 };

it('who comes while a room is being made ready waits for that, too, and takes the place of who came before', async () => {
  const pool = await WorkerPool.create({
    size: 1,
    settings: { workerBin: workerBin(), logLevel: 'warn' },
    listening: { port: 0, addresses: [{ ip: '127.0.0.1' }], portRange },
    logger,
  });
  const { promise: ready, resolve: makeReady } = Promise.withResolvers<undefined>();
  const rooms = new Rooms({
    pool,
    prepare: () => ready,
    consumersPerWorker: 500,
    transports: {
      ...{ plainAddress: { ip: '127.0.0.1' }, portRange, maxIncomingBitrateBps: 1_000_000 },
      ice: { stunUrls: [], turnUrls: [], turnSecret: undefined },
    },
    logger,
  });
  try {
    const sessionId = randomUUID();
    const identity = { peerId: randomUUID(), role: 'host', userId: null, displayName: 'Amal' } as const;
    const opened = new Promise((resolve) => rooms.once('opened', resolve));
    const order: string[] = [];
    const join = async (name: string) => {
      const { peer } = await rooms.join(sessionId, 'video', identity);
      order.push(name);
      return peer;
    };
    const first = join('first');
    await opened;
    const second = join('second');
    for (let turns = 0; turns < 10; turns++) await turn();
    expect(order).toEqual([]);
    makeReady(undefined);
    expect([(await first).closed, (await second).closed]).toEqual([true, false]);
    expect(order).toEqual(['first', 'second']);
  } finally {
    rooms.close();
    pool.close();
  }
});
