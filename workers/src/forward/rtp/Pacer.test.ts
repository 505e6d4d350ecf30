import { Buffer } from 'node:buffer';
import { Pacer } from './Pacer.ts';

const packets = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, index) => Buffer.from([index & 255]));

describe('the pacer', () => {
  it('lets ordinary frames leave at once', () => {
    const pacer = new Pacer();
    for (let frame = 0; frame < 100; frame += 1) {
      expect(pacer.push(packets(12), 1_000 + frame * 33)).toHaveLength(12);
    }
    expect(pacer.isIdle).toBe(true);
  });

  it('spreads a large key frame, in order, and is done within 30 ms', () => {
    const pacer = new Pacer();
    const sent = [pacer.push(packets(240), 1_000)];
    expect(sent[0]?.length).toBeLessThanOrEqual(24);
    let now = 1_000;
    while (!pacer.isIdle && now < 1_100) sent.push(pacer.due((now += 2)));
    expect(now).toBeLessThanOrEqual(1_030);
    expect(Math.max(...sent.map(({ length }) => length))).toBeLessThanOrEqual(30);
    expect(sent.flat().map((packet) => packet[0])).toEqual(packets(240).map((packet) => packet[0]));
  });

  it('catches up after the process was held up', () => {
    const pacer = new Pacer();
    pacer.push(packets(400), 1_000);
    pacer.due(1_040);
    expect(pacer.isIdle).toBe(true);
  });

  it('takes longer for what no buffer would hold', () => {
    const pacer = new Pacer();
    let sent = pacer.push(packets(2_000), 1_000).length;
    for (let now = 1_002; now <= 1_100; now += 2) sent += pacer.due(now).length;
    expect(sent).toBe(24 + 1_200);
  });

  it('keeps the order of frames that follow a large one', () => {
    const pacer = new Pacer();
    const first = pacer.push(packets(100), 1_000);
    const second = pacer.push([Buffer.from([200])], 1_001);
    const rest = pacer.due(1_040);
    expect([...first, ...second, ...rest].at(-1)?.[0]).toBe(200);
    expect(first.length + second.length + rest.length).toBe(101);
  });
});
