import { Poller } from './poll.ts';

/** Work that ends when the test says so. */
function gate() {
  const waiting: (() => void)[] = [];
  let runs = 0;
  const work = (): Promise<void> => {
    runs += 1;
    return new Promise((resolve) => waiting.push(resolve));
  };
  const finish = async (): Promise<void> => {
    waiting.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { work, finish, runs: () => runs };
}

describe('Poller', () => {
  it('makes one more run for any number of calls during a run', async () => {
    const { work, finish, runs } = gate();
    const poller = new Poller(work, () => null);
    poller.poke();
    poller.poke();
    poller.poke();
    expect(runs()).toBe(1);
    await finish();
    expect(runs()).toBe(2);
    await finish();
    expect(runs()).toBe(2);
    poller.stop();
  });

  it('runs again after its rest, until it is stopped', async () => {
    const { work, finish, runs } = gate();
    const poller = new Poller(work, () => 0);
    poller.rest();
    expect(runs()).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(runs()).toBe(1);
    poller.stop();
    await finish();
    poller.poke();
    expect(runs()).toBe(1);
  });
});
