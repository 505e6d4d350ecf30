import { decideRetry } from './retries.ts';

const backOff = { firstMs: 1_000, maxMs: 60_000 };
const none = { failures: 0, shortLives: 0 };
const decide = (code: Parameters<typeof decideRetry>[0]['code'], failures: number, liveMs = 0) =>
  decideRetry({ code, liveMs }, { failures, shortLives: 0 }, backOff, 0);

describe('after a connection that came to nothing', () => {
  it('waits twice as long each time, up to a minute, less a random half', () => {
    const waits = [0, 1, 2, 5, 6, 100].map((failures) => decide('unreachable', failures));
    const inMs = waits.map((decision) => (decision.type === 'retry' ? decision.inMs : null));
    expect(inMs).toEqual([1_000, 2_000, 4_000, 32_000, 60_000, 60_000]);
    expect(decideRetry({ code: 'stalled', liveMs: 0 }, none, backOff, 1)).toEqual({
      ...{ type: 'retry', failures: 1, inMs: 500 },
    });
  });

  it('counts anew when the connection before was good', () =>
    expect(decide('closed', 20, 30_000)).toEqual({ type: 'retry', failures: 1, inMs: 1_000 }));

  it('gives up what a retry does not help, at once or after a few tries', () => {
    for (const code of ['addressRefused', 'codecUnsupported', 'keyUnreadable'] as const)
      expect(decide(code, 0).type).toBe('giveUp');
    for (const code of ['rejected', 'certificate', 'protocol'] as const) {
      expect(decide(code, 2).type).toBe('retry');
      expect(decide(code, 3)).toEqual({ type: 'giveUp', failures: 4, code });
    }
  });

  it('takes a target that ends each stream at once for one that rejects it', () => {
    const shortLives = (count: number) =>
      decideRetry({ code: 'closed', liveMs: 100 }, { failures: count, shortLives: count }, backOff, 0);
    expect(shortLives(6).type).toBe('retry');
    expect(shortLives(7)).toEqual({ type: 'giveUp', failures: 8, code: 'rejected' });
  });
});
