import { InTurn } from './InTurn.ts';

/** A work that ends when it is told to. */
function work(name: string, log: string[]) {
  const end = Promise.withResolvers<string>();
  const run = async (): Promise<string> => {
    log.push(`${name} begins`);
    const value = await end.promise;
    log.push(`${name} ends`);
    return value;
  };
  return { run, end };
}

describe('works in turn', () => {
  it('of one key wait for each other, also for one that fails; other keys don’t', async () => {
    const turns = new InTurn();
    const log: string[] = [];
    const [first, second, other] = [work('first', log), work('second', log), work('other', log)];
    const results = [turns.run('a', first.run), turns.run('a', second.run), turns.run('b', other.run)];
    second.end.resolve('2');
    other.end.resolve('3');
    expect(await results[2]).toBe('3');
    expect(log).toEqual(['first begins', 'other begins', 'other ends']);
    first.end.reject(new Error('no'));
    await expect(results[0]).rejects.toThrow('no');
    expect(await results[1]).toBe('2');
    expect(log.slice(3)).toEqual(['second begins', 'second ends']);
  });

  it('are bounded', async () => {
    const turns = new InTurn(1);
    const first = work('first', []);
    const running = turns.run('a', first.run);
    expect([turns.isBusy('a'), turns.isBusy('b')]).toEqual([true, false]);
    await expect(turns.run('a', first.run)).rejects.toMatchObject({ code: 'overloaded' });
    first.end.resolve('1');
    expect(await running).toBe('1');
    expect(turns.isBusy('a')).toBe(false);
    const next = work('next', []);
    next.end.resolve('2');
    expect(await turns.run('a', next.run)).toBe('2');
  });
});
