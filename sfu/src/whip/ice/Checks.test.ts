import { waitFor } from '../../../../tests/support/waitFor.ts';
import { Checks } from './Checks.ts';

const client = { usernameFragment: 'them', password: 'a password of theirs' };
const addresses = [1, 2, 3, 4].map((port) => ({ ip: '192.0.2.1', port }));

interface Sent {
  readonly port: number;
  readonly bytes: number;
  readonly atMs: number;
}

async function sentUntil(count: number): Promise<Sent[]> {
  const sent: Sent[] = [];
  const send = (packet: Buffer, { port }: { port: number }): void => {
    sent.push({ port, bytes: packet.length, atMs: performance.now() });
  };
  const checks = new Checks({ client, from: 'us', addresses, send });
  try {
    await waitFor('the checks', () => sent.length >= count);
    return sent.slice(0, count);
  } finally {
    checks.stop();
  }
}

describe('checks to addresses that strangers name', () => {
  it('are small, go out one by one, and less and less often', async () => {
    const sent = await sentUntil(12);
    expect(sent.map(({ port }) => port)).toEqual([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]);
    expect(Math.max(...sent.map(({ bytes }) => bytes))).toBeLessThan(150);
    const gaps = sent.slice(1).map(({ atMs }, index) => atMs - (sent[index]?.atMs ?? 0));
    // A timer may be a millisecond early.
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(48);
    expect(gaps[3]).toBeGreaterThanOrEqual(498);
    expect(gaps[7]).toBeGreaterThanOrEqual(998);
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
