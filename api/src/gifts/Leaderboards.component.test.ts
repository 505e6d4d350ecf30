import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, createRedis, type Redis } from '@maydan/common';
import { startRedis, type EmbeddedRedis } from '@maydan/infra';
import { Leaderboards, type CountedNews } from './Leaderboards.ts';

let dir: string;
let server: EmbeddedRedis;
let redis: Redis;
let leaderboards: Leaderboards;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'maydan-combos-'));
  server = await startRedis({ dir });
  redis = createRedis(server.url, createLogger('api', 'silent'));
  leaderboards = new Leaderboards(redis);
});
afterAll(async () => {
  redis?.disconnect();
  await server?.close();
  await rm(dir, { recursive: true, force: true });
});

const people = { sessionId: 'session', recipientId: 'host', giftId: 'rose' };
const startMs = Date.parse('2026-01-01T12:00:00Z');
/** A gift that was sent so many ms after the start. */
const gift = (senderId: string, afterMs: number, quantity = 1): CountedNews => ({
  ...{ ...people, senderId, newsId: randomUUID(), quantity, coins: BigInt(quantity) },
  at: new Date(startMs + afterMs),
});

it('gifts within five seconds of one another are one combo, whatever their order; a later one begins another', async () => {
  const [first, third, second, late, last] = [
    ...[gift('ann', 0, 1), gift('ann', 5_000, 3), gift('ann', 2_500, 2), gift('ann', 10_001, 4)],
    gift('ann', 15_001, 5),
  ] as const;
  const counts = await leaderboards.count([first, third, second, late, last]);
  expect(counts).toEqual([
    ...[1, 4, 6].map((count) => ({ id: first.newsId, count })),
    ...[4, 9].map((count) => ({ id: late.newsId, count })),
  ]);
  // Told again it is what it was.
  expect(await leaderboards.count([second, first])).toEqual([counts[2], counts[0]]);
});

it('a combo is of one person, to one person, of one gift, in one session', async () => {
  const sent = gift('bob', 0);
  const other = (change: Partial<CountedNews>) => ({ ...gift('bob', 1), ...change });
  const others = [
    ...[other({ senderId: 'cat' }), other({ recipientId: 'guest' })],
    ...[other({ giftId: 'car' }), other({ sessionId: 'another' })],
  ];
  const all = [sent, ...others];
  expect(await leaderboards.count(all)).toEqual(all.map(({ newsId }) => ({ id: newsId, count: 1 })));
});
