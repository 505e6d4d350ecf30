import { GuessLimiter, type Attempt } from './GuessLimiter.ts';

function setUp(limit: number) {
  const clock = { now: 1_000 };
  const limiter = new GuessLimiter(limit, () => clock.now);
  const guess = async (address: string, outcome: 'refused' | 'other'): Promise<boolean> => {
    const attempt = await limiter.begin(address);
    attempt?.settle(outcome);
    return attempt !== undefined;
  };
  return { clock, limiter, guess };
}

describe('the guess limiter', () => {
  it('refuses an address after its refusals of one minute', async () => {
    const { clock, guess } = setUp(2);
    expect(await guess('a', 'refused')).toBe(true);
    clock.now += 30_000;
    expect(await guess('a', 'refused')).toBe(true);
    expect(await guess('a', 'refused')).toBe(false);
    expect(await guess('b', 'refused')).toBe(true);
    clock.now += 30_001;
    expect(await guess('a', 'refused')).toBe(true);
    expect(await guess('a', 'refused')).toBe(false);
  });

  it('does not count publishes that were accepted', async () => {
    const { guess } = setUp(1);
    for (let count = 0; count < 5; count += 1) expect(await guess('a', 'other')).toBe(true);
  });

  it('lets no more be asked at a time than could be refused', async () => {
    const { limiter } = setUp(2);
    const begun: (Attempt | undefined)[] = [];
    const all = Array.from({ length: 5 }, async () => begun.push(await limiter.begin('a')));
    await Promise.resolve();
    expect(begun).toHaveLength(2);
    begun[0]?.settle('refused');
    begun[1]?.settle('refused');
    await Promise.all(all);
    expect(begun.slice(2)).toEqual([undefined, undefined, undefined]);
  });

  it('lets those who waited go on when the ones before were accepted', async () => {
    const { limiter } = setUp(1);
    const first = await limiter.begin('a');
    const second = limiter.begin('a');
    first?.settle('other');
    first?.settle('refused');
    expect(await second).toBeDefined();
  });
});
