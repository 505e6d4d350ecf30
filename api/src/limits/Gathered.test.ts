import { Gathered } from './Gathered.ts';

/** Runs that end when they are told to. */
function runs() {
  const begun: { works: readonly string[]; end: PromiseWithResolvers<unknown> }[] = [];
  const run = async (works: readonly string[]): Promise<string[]> => {
    const end = Promise.withResolvers<unknown>();
    begun.push({ works, end });
    await end.promise;
    return works.map((work) => `${work} done`);
  };
  const nth = async (index: number) => {
    while (begun[index] === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
    return begun[index];
  };
  return { begun, run, nth };
}
const limits = { paceMs: 1, inTurn: true, most: 3, maxWaiting: 10 };

describe('gathered works', () => {
  it('that come at once or while others run go together, a few at a time, each with its own result', async () => {
    const { begun, run, nth } = runs();
    const gathered = new Gathered({ run, ...limits });
    const first = ['a', 'b'].map((work) => gathered.run(work));
    const { end } = await nth(0);
    const later = ['c', 'd', 'e', 'f'].map((work) => gathered.run(work));
    end.resolve(null);
    for (const index of [1, 2]) (await nth(index)).end.resolve(null);
    expect(await Promise.all([...first, ...later])).toEqual(
      ['a', 'b', 'c', 'd', 'e', 'f'].map((work) => `${work} done`),
    );
    expect(begun.map(({ works }) => works)).toEqual([['a', 'b'], ['c', 'd', 'e'], ['f']]);
  });

  it('all fail with a run that fails, and the next ones go on', async () => {
    const { run, nth } = runs();
    const gathered = new Gathered({ run, ...limits });
    const settled = Promise.allSettled(['a', 'b'].map((work) => gathered.run(work)));
    (await nth(0)).end.reject(new Error('no'));
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const next = gathered.run('d');
    (await nth(1)).end.resolve(null);
    expect(await next).toBe('d done');
  });

  it('don’t wait for one of them whose result is still on its way', async () => {
    const slow = Promise.withResolvers<string>();
    const run = (works: readonly string[]) =>
      Promise.resolve(works.map((work) => (work === 'slow' ? slow.promise : work)));
    const gathered = new Gathered<string, string>({ run, ...limits });
    const waits = gathered.run('slow');
    expect(await Promise.all([gathered.run('b'), gathered.run('c')])).toEqual(['b', 'c']);
    slow.reject(new Error('late'));
    await expect(waits).rejects.toThrow('late');
  });

  it('don’t wait for the run before where that isn’t needed', async () => {
    const { begun, run, nth } = runs();
    const gathered = new Gathered({ run, ...limits, inTurn: false });
    const first = gathered.run('a');
    await nth(0);
    const second = gathered.run('b');
    (await nth(1)).end.resolve(null);
    expect(await second).toBe('b done');
    begun[0]?.end.resolve(null);
    expect(await first).toBe('a done');
  });

  it('are bounded', async () => {
    const { run, nth } = runs();
    const gathered = new Gathered({ run, ...limits, maxWaiting: 1 });
    const first = gathered.run('a');
    await nth(0);
    const second = gathered.run('b');
    await expect(gathered.run('c')).rejects.toMatchObject({ code: 'overloaded' });
    for (const index of [0, 1]) (await nth(index)).end.resolve(null);
    expect(await Promise.all([first, second])).toEqual(['a done', 'b done']);
  });
});
