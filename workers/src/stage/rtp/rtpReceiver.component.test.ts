import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { waitUntil } from '@maydan/infra';
import { childrenOf } from '../testing/processes.ts';
import { RtpReceiver, type RtpListener } from './RtpReceiver.ts';
import type { RtpPacket } from './rtpPacket.ts';

/** RFC 3550: version 2, payload type 96, no extensions. */
function rtp(sequence: number, payloadBytes: number): Buffer {
  const packet = Buffer.alloc(12 + payloadBytes, sequence & 255);
  packet.writeUInt16BE(0x8060, 0);
  packet.writeUInt16BE(sequence, 2);
  packet.writeUInt32BE(sequence * 3_000, 4);
  packet.writeUInt32BE(7, 8);
  return packet;
}

class Heard implements RtpListener {
  readonly packets: { packet: RtpPacket; nowMs: number }[] = [];
  reports = 0;

  packet(packet: RtpPacket, nowMs: number): void {
    this.packets.push({ packet, nowMs });
  }

  report(): void {
    this.reports += 1;
  }

  get sequences(): number[] {
    return this.packets.map(({ packet }) => packet.sequence);
  }
}

describe('receiving RTP', () => {
  const sender = createSocket('udp4');
  let receiver: RtpReceiver;

  beforeEach(() => {
    receiver = new RtpReceiver('127.0.0.1');
  });
  afterEach(() => receiver.close());
  afterAll(() => sender.close());

  const send = (bytes: Uint8Array, port: number): Promise<void> =>
    new Promise((resolve, reject) =>
      sender.send(bytes, port, '127.0.0.1', (error) => (error === null ? resolve() : reject(error))),
    );

  it('gives each stream its packets, in the order and with the times they came', async () => {
    const [one, other] = [new Heard(), new Heard()];
    const [first, second] = await Promise.all([receiver.open(one), receiver.open(other)]);
    expect(first.port).not.toBe(second.port);
    const fromMs = performance.now();
    // More than are read at once, and none of the packets is RTP that are too short or too long.
    for (let at = 0; at < 100; at += 1) await send(rtp(at, at), first.port);
    await send(Buffer.alloc(3), second.port);
    await send(rtp(1, 3_000), second.port);
    await send(rtp(2, 1_400), second.port);
    // A sender report (type 200) of 28 bytes.
    const report = Buffer.alloc(28);
    report.writeUInt32BE(0x80c80006, 0);
    await send(report, second.port);
    await waitUntil('all packets', () => one.packets.length === 100 && other.reports === 1, 30_000);
    expect(one.sequences).toEqual(Array.from({ length: 100 }, (_, at) => at));
    expect(one.packets[99]?.packet.payload).toEqual(Buffer.alloc(99, 99));
    expect(other.sequences).toEqual([2]);
    const times = one.packets.map(({ nowMs }) => nowMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    // The kernel's clock may go in steps.
    expect(times[0]).toBeGreaterThan(fromMs - 20);
    expect(times[99]).toBeLessThanOrEqual(performance.now());
  }, 60_000);

  it('gives nothing more of a port that was closed, and takes it away', async () => {
    const [closed, open] = [new Heard(), new Heard()];
    const first = await receiver.open(closed);
    const second = await receiver.open(open);
    first.close();
    first.close();
    const probe = createSocket('udp4');
    await waitUntil(
      'that the port is free',
      async () => {
        await send(rtp(1, 10), first.port);
        return await new Promise<boolean>((resolve) => {
          probe.once('error', () => resolve(false));
          probe.bind(first.port, '127.0.0.1', () => resolve(true));
        });
      },
      30_000,
    );
    probe.close();
    await send(rtp(2, 10), second.port);
    await waitUntil('the other', () => open.sequences.includes(2), 30_000);
    expect(closed.packets).toEqual([]);
  }, 60_000);

  it('tells once that its process is gone, and opens nothing more', async () => {
    const others = new Set(childrenOf(process.pid));
    const mine = new RtpReceiver('127.0.0.1');
    await mine.open(new Heard());
    const failed = once(mine, 'failed');
    for (const pid of childrenOf(process.pid)) if (!others.has(pid)) process.kill(pid, 'SIGKILL');
    await failed;
    await expect(mine.open(new Heard())).rejects.toThrow('not received any more');
    await mine.close();
  }, 60_000);

  it('refuses an address that is none', async () => {
    const none = new RtpReceiver('not an address');
    await expect(none.open(new Heard())).rejects.toThrow('the address makes no sense');
    await none.close();
  }, 60_000);
});
