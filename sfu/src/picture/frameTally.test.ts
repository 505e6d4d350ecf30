import { FrameTally } from './FrameTally.ts';

const perPicture = 3;
const stepMs = 33;

/** A stream of pictures of three packets, from which `came` takes those that come, with when; all but these on time. */
function tallied(pictures: number, came: (packet: number) => number | null, from = 65_500) {
  const tally = new FrameTally();
  const arrivals = Array.from({ length: pictures * perPicture }, (_, packet) => {
    const laterMs = came(packet);
    if (laterMs === null) return null;
    const picture = Math.floor(packet / perPicture);
    const marker = packet % perPicture === perPicture - 1;
    const [sequence, timestamp] = [(from + packet) & 0xffff, (2 ** 32 - 9_000 + picture * 3_000) >>> 0];
    return { packet: { sequence, timestamp, marker }, atMs: picture * stepMs + laterMs };
  }).filter((one) => one !== null);
  for (const { packet, atMs } of arrivals.toSorted((a, b) => a.atMs - b.atMs)) tally.add(packet, atMs);
  return tally.read(60_000);
}
const picture = (packet: number): number => Math.floor(packet / perPicture);

describe('pictures counted by RTP', () => {
  it('all come, also where numbers wrap', () => {
    expect(tallied(100, () => 0)).toEqual({ received: 100, lost: 0, late: 0 });
  });

  it('are torn by a lost packet, wherever it was in them', () => {
    for (const at of [30, 31, 32]) {
      expect(tallied(100, (packet) => (packet === at ? null : 0))).toMatchObject({ lost: 1, late: 0 });
    }
    // The end of one and the beginning of the next.
    expect(tallied(100, (packet) => (packet === 32 || packet === 33 ? null : 0)).lost).toBeGreaterThan(0);
  });

  it('are lost wholly', () => {
    const hole = (packet: number): number | null =>
      picture(packet) >= 40 && picture(packet) < 50 ? null : 0;
    expect(tallied(100, hole)).toEqual({ received: 90, lost: 10, late: 0 });
  });

  it('are whole when what was lost is sent again in time, and late after a while', () => {
    expect(tallied(100, (packet) => (packet === 31 ? 120 : 0))).toEqual({ received: 100, lost: 0, late: 0 });
    expect(tallied(100, (packet) => (packet === 31 ? 400 : 0))).toEqual({ received: 100, lost: 0, late: 1 });
  });

  it('are late after a standstill, until they have caught up', () => {
    // Nothing for a second, then what waited at once.
    const stalled = (packet: number): number => {
      const dueMs = picture(packet) * stepMs;
      return dueMs >= 1_000 && dueMs < 2_000 ? 2_000 - dueMs : 0;
    };
    const { received, lost, late } = tallied(100, stalled);
    expect([received, lost]).toEqual([100, 0]);
    expect(late).toBeGreaterThanOrEqual(20);
    expect(late).toBeLessThanOrEqual(22);
  });

  it('are not late by jitter, nor when the clock of the sender jumps far', () => {
    expect(tallied(300, (packet) => (picture(packet) * 37) % 200).late).toBe(0);
    const tally = new FrameTally();
    for (let at = 0; at < 60; at += 1) {
      const timestamp = (at * 3_000 + (at < 30 ? 0 : 90_000 * 60)) >>> 0;
      tally.add({ sequence: at, timestamp, marker: true }, at * stepMs);
    }
    expect(tally.read(9_000)).toEqual({ received: 60, lost: 0, late: 0 });
  });

  it('with B-frames are counted in the order of their packets', () => {
    const tally = new FrameTally();
    const order = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8];
    for (const [sequence, at] of order.entries())
      tally.add({ sequence, timestamp: at * 3_000, marker: true }, sequence * stepMs);
    expect(tally.read(9_000)).toEqual({ received: 10, lost: 0, late: 0 });
  });
});
