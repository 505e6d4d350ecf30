import { NodeClock, RecentLeast, StreamClock } from './StreamClock.ts';
import { ReorderBuffer } from './ReorderBuffer.ts';
import { isRtcp, parseRtp, type RtpPacket } from './rtpPacket.ts';
import { readSenderReports } from './senderReport.ts';
import { Unwrapper } from './Unwrapper.ts';

describe('an RTP packet', () => {
  const header = [0x80, 0x80 | 101, 0x12, 0x34, 0, 0, 0x10, 0, 0xde, 0xad, 0xbe, 0xef];

  it('tells its header and payload', () => {
    expect(parseRtp(Uint8Array.from([...header, 1, 2, 3]))).toEqual({
      ...{ payloadType: 101, marker: true, sequence: 0x1234, timestamp: 0x1000, ssrc: 0xdeadbeef },
      payload: Uint8Array.of(1, 2, 3),
    });
  });

  it('loses contributing sources, extensions and padding', () => {
    const bytes = [0xb1, ...header.slice(1), 9, 9, 9, 9, 0xbe, 0xde, 0, 1, 7, 7, 7, 7, 42, 0, 0, 3];
    expect(parseRtp(Uint8Array.from(bytes))?.payload).toEqual(Uint8Array.of(42));
  });

  it.each([
    ['too short', header.slice(0, 11)],
    ['of another version', [0x40, ...header.slice(1)]],
    ['with more padding than bytes', [0xa0, ...header.slice(1), 200]],
    ['with an extension that is cut', [0x90, ...header.slice(1), 0xbe, 0xde, 0, 9]],
  ])('is none when %s', (_name, bytes) => {
    expect(parseRtp(Uint8Array.from(bytes))).toBeNull();
  });

  it('is told from RTCP by its second byte', () => {
    expect([200, 201, 205, 223].map((type) => isRtcp(Uint8Array.of(0x80, type)))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect([96, 101, 0x80 | 101, 191, 224].some((type) => isRtcp(Uint8Array.of(0x80, type)))).toBe(false);
  });
});

describe('sender reports', () => {
  const report = Buffer.alloc(28);
  report.set([0x80, 200, 0, 6]);
  report.writeUInt32BE(77, 4);
  report.writeUInt32BE(2_208_988_800 + 100, 8);
  report.writeUInt32BE(2 ** 31, 12);
  report.writeUInt32BE(9_000, 16);

  it('are found in a compound packet, with their time in ms since 1970', () => {
    const description = Buffer.from([0x81, 202, 0, 1, 0, 0, 0, 77]);
    const found = { ssrc: 77, ntpMs: 100_500, timestamp: 9_000 };
    expect(readSenderReports(Buffer.concat([description, report, report]))).toEqual([found, found]);
  });

  it('are left out when they are cut', () => {
    expect(readSenderReports(report.subarray(0, 27))).toEqual([]);
    expect(readSenderReports(Buffer.alloc(0))).toEqual([]);
  });
});

it('a counter goes on over its end, and back for what is late', () => {
  const unwrapper = new Unwrapper(16);
  expect([65_534, 65_535, 1, 65_533, 2].map((value) => unwrapper.unwrap(value))).toEqual([
    65_534, 65_535, 65_537, 65_533, 65_538,
  ]);
});

describe('the reorder buffer', () => {
  const packet = (sequence: number): RtpPacket => ({
    ...{ payloadType: 1, marker: false, timestamp: 0, ssrc: 1, payload: new Uint8Array(0) },
    sequence: sequence & 0xffff,
  });
  const numbers = (due: ReturnType<ReorderBuffer['push']>): string =>
    due
      .map(({ packet: { sequence }, lostBefore }) => `${sequence}${lostBefore > 0 ? `(-${lostBefore})` : ''}`)
      .join(' ');
  const buffer = (): ReorderBuffer => new ReorderBuffer({ patienceMs: 100, mostHeld: 5 });

  it('holds what is behind a hole until the hole is filled', () => {
    const reorder = buffer();
    expect([1, 3, 4, 2].map((sequence) => numbers(reorder.push(packet(sequence), 0)))).toEqual([
      '1',
      '',
      '',
      '2 3 4',
    ]);
    expect(reorder.lost).toBe(0);
  });

  it('gives a hole up after its patience, also when nothing more comes', () => {
    const reorder = buffer();
    reorder.push(packet(1), 0);
    reorder.push(packet(4), 10);
    expect(numbers(reorder.take(109))).toBe('');
    expect(numbers(reorder.take(110))).toBe('4(-2)');
    expect(numbers(reorder.push(packet(2), 111))).toBe('');
    expect(reorder.lost).toBe(2);
  });

  it('gives a hole up when too much is behind it', () => {
    const reorder = buffer();
    reorder.push(packet(1), 0);
    const due = [3, 4, 5, 6, 7, 8].map((sequence) => numbers(reorder.push(packet(sequence), 0)));
    expect(due.at(-1)).toBe('3(-1) 4 5 6 7 8');
  });

  it('drops duplicates and goes on over the end of the numbers', () => {
    const reorder = buffer();
    const given = [65_534, 65_535, 65_535, 0, 1].map((sequence) =>
      numbers(reorder.push(packet(sequence), 0)),
    );
    expect(given).toEqual(['65534', '65535', '', '0', '1']);
    expect(reorder.received).toBe(4);
  });

  it('takes a far jump for another stream, whose first packet says that it does not go on', () => {
    const reorder = buffer();
    reorder.push(packet(1), 0);
    reorder.push(packet(3), 0);
    expect(numbers(reorder.push(packet(20_000), 0))).toBe('20000(-1)');
    expect(numbers(reorder.push(packet(20_001), 0))).toBe('20001');
    // A packet that is far too late.
    expect(numbers(reorder.push(packet(2), 0))).toBe('2(-1)');
    expect(numbers(reorder.push(packet(20_002), 0))).toBe('20002(-1)');
    expect(reorder.lost).toBe(0);
  });
});

describe('the clock of a stream', () => {
  it('forgets the least of what is long ago', () => {
    const least = new RecentLeast(800);
    least.add(1, 0);
    least.add(5, 500);
    expect(least.value).toBe(1);
    least.add(6, 1_000);
    expect(least.value).toBe(5);
  });

  it('goes by the fastest packets until there is a report', () => {
    const clock = new StreamClock(new NodeClock(), 48_000);
    clock.arrived(0, 1_030);
    clock.arrived(960, 1_021);
    expect(clock.captureMs(clock.arrived(1_920, 1_070))).toBeCloseTo(1_041);
  });

  it('brings two streams of a sender to one clock, whatever their ways took', () => {
    const node = new NodeClock();
    const sound = new StreamClock(node, 48_000);
    const picture = new StreamClock(node, 90_000);
    // Captured at 5 000 of the sfu's clock, which is 1 000 ahead of ours; the picture needs 60 ms more.
    const soundMs = sound.arrived(48_000, 4_010);
    const pictureMs = picture.arrived(90_000, 4_070);
    const reports = [
      { ssrc: 1, ntpMs: 5_100, timestamp: 48_000 + 4_800 },
      { ssrc: 2, ntpMs: 5_100, timestamp: 90_000 + 9_000 },
    ] as const;
    for (const report of reports) node.heard(report, 4_101);
    sound.reported(reports[0]);
    picture.reported(reports[1]);
    expect(sound.captureMs(soundMs)).toBeCloseTo(4_001);
    expect(picture.captureMs(pictureMs)).toBeCloseTo(4_001);
  });

  it('does not believe a report that says it was captured after it came, or long before', () => {
    const node = new NodeClock();
    const clock = new StreamClock(node, 1_000);
    const mediaMs = clock.arrived(100, 2_000);
    node.heard({ ssrc: 1, ntpMs: 2_000, timestamp: 0 }, 2_000);
    clock.reported({ ssrc: 1, ntpMs: 2_300, timestamp: 100 });
    clock.reported({ ssrc: 1, ntpMs: 2_000, timestamp: 9_000 });
    expect(clock.captureMs(mediaMs)).toBe(2_000);
  });

  it.each([
    ['back', -3_600_000],
    ['ahead', 3_600_000],
  ])('follows a source whose clock jumps %s, soon', (_name, jump) => {
    const node = new NodeClock();
    const clock = new StreamClock(node, 1_000);
    const captured = (timestamp: number, nowMs: number): number =>
      clock.captureMs(clock.arrived(timestamp, nowMs));
    captured(5_000_000, 2_000);
    node.heard({ ssrc: 1, ntpMs: 2_000, timestamp: 5_000_000 }, 2_000);
    clock.reported({ ssrc: 1, ntpMs: 1_990, timestamp: 5_000_000 });
    expect(captured(5_000_020, 2_020)).toBe(2_010);
    for (let ms = 40; ms < 240; ms += 20) captured(5_000_000 + jump + ms, 2_000 + ms);
    expect(captured(5_000_240 + jump, 2_240)).toBe(2_240);
  });

  it('does not lose its way by single packets that went astray', () => {
    const clock = new StreamClock(new NodeClock(), 1_000);
    for (let ms = 0; ms < 2_000; ms += 20) {
      clock.arrived(100_000 + ms, 1_000 + ms);
      if (ms % 100 === 0) clock.arrived(50_000 + ms, 1_000 + ms);
    }
    expect(clock.captureMs(clock.arrived(102_000, 3_030))).toBe(3_000);
  });

  it('approaches small corrections slowly', () => {
    const node = new NodeClock();
    const clock = new StreamClock(node, 1_000);
    const mediaMs = clock.arrived(100, 2_000);
    node.heard({ ssrc: 1, ntpMs: 2_000, timestamp: 100 }, 2_000);
    clock.reported({ ssrc: 1, ntpMs: 1_960, timestamp: 100 });
    clock.reported({ ssrc: 1, ntpMs: 2_000, timestamp: 100 });
    expect(clock.captureMs(mediaMs)).toBe(1_970);
  });
});
