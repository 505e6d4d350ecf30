import { jest } from '@jest/globals';
import { waitFor } from '../../../../tests/support/waitFor.ts';
import { Checks } from './Checks.ts';

const client = { usernameFragment: 'them', password: 'a password of theirs' };
const addresses = [1, 2, 3, 4].map((port) => ({ ip: '192.0.2.1', port }));

interface Sent {
  readonly port: number;
  readonly bytes: number;
  readonly atMs: number;
}

/** What goes out in so many milliseconds of a clock that is turned by hand. */
async function sentWithin(durationMs: number): Promise<Sent[]> {
  const sent: Sent[] = [];
  const send = (packet: Buffer, { port }: { port: number }): void => {
    sent.push({ port, bytes: packet.length, atMs: performance.now() });
  };
  jest.useFakeTimers({ now: 0 });
  const checks = new Checks({ client, from: 'us', addresses, send });
  try {
    await jest.advanceTimersByTimeAsync(durationMs);
    return sent;
  } finally {
    checks.stop();
    jest.useRealTimers();
  }
}

describe('checks to addresses that strangers name', () => {
  it('are small, go out one by one, and less and less often', async () => {
    const sent = await sentWithin(60_000);
    expect(sent.slice(0, 12).map(({ port }) => port)).toEqual([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]);
    expect(Math.max(...sent.map(({ bytes }) => bytes))).toBeLessThan(150);
    const gaps = sent.slice(1).map(({ atMs }, index) => atMs - (sent[index]?.atMs ?? 0));
    expect(gaps.slice(0, 12)).toEqual([50, 50, 50, 500, 50, 50, 50, 1_000, 50, 50, 50, 2_000]);
    expect(sent.at(-1)?.atMs).toBeLessThanOrEqual(30_100);
    expect(sent.length).toBeLessThanOrEqual(11 * addresses.length);
  });

  it('that cannot be made or sent end nothing', async () => {
    const tried: number[] = [];
    const send = (_packet: Buffer, { port }: { port: number }): void => {
      tried.push(port);
      throw new Error('the socket is closed');
    };
    const checks = new Checks({ client, from: 'us', addresses, send });
    const endless = { ...client, usernameFragment: 'x'.repeat(65_500) };
    const others = new Checks({ client: endless, from: 'us', addresses, send: () => undefined });
    await waitFor('a second round', () => tried.length > 4);
    for (const each of [checks, others]) each.stop();
    expect(checks.selected).toBeNull();
  });
});
