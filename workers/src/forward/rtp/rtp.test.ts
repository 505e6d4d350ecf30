import { Buffer } from 'node:buffer';
import { splitNalUnits } from '../../source/nalUnits.ts';
import { packetizeH264 } from './packetizeH264.ts';
import { readNacks, senderReport } from './rtcp.ts';
import { rtpPacket, RtpClock } from './rtpPacket.ts';

const sps = Uint8Array.of(0x67, 66, 0xc0, 13);
const pps = Uint8Array.of(0x68, 0xce);
const nal = (header: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index === 0 ? header : index & 255));
const hexes = (payloads: readonly { payload: Uint8Array }[]): string[] =>
  payloads.map(({ payload }) => Buffer.from(payload).toString('hex'));

describe('an RTP packet', () => {
  it('has the header of RFC 3550', () => {
    const header = {
      payloadType: 101,
      marker: true,
      sequence: 65_537,
      timestamp: 2 ** 32 - 1,
      ssrc: 0xdeadbeef,
    };
    expect(rtpPacket(header, Uint8Array.of(1, 2)).toString('hex')).toBe('80e50001ffffffffdeadbeef0102');
  });

  it('has a header extension of one byte (RFC 8285), when there is one', () => {
    const header = { payloadType: 97, marker: false, sequence: 1, timestamp: 2, ssrc: 3 };
    const packet = rtpPacket(header, Uint8Array.of(7), { id: 14, value: 0x80 | 33 });
    expect(packet.toString('hex')).toBe('906100010000000200000003' + 'bede0001' + 'e0a10000' + '07');
  });

  it('has timestamps that wrap', () => {
    const clock = new RtpClock(90_000, 2 ** 32 - 90);
    expect([0, 1, 33.3333, -2].map((timeMs) => clock.timestamp(timeMs))).toEqual([
      2 ** 32 - 90,
      0,
      2910,
      2 ** 32 - 270,
    ]);
  });
});

describe('the H.264 packetiser', () => {
  it('sends a small picture as a single NAL unit with the marker', () => {
    const slice = Uint8Array.of(0x41, 1, 2);
    expect(packetizeH264([slice], [sps, pps], 1_200)).toEqual([{ payload: slice, marker: true }]);
  });

  it('puts the parameter sets before a key frame, in one STAP-A', () => {
    const idr = Uint8Array.of(0x65, 9);
    const payloads = packetizeH264([idr], [sps, pps], 1_200);
    expect(hexes(payloads)).toEqual(['7800046742c00d000268ce', '6509']);
    expect(payloads.map(({ marker }) => marker)).toEqual([false, true]);
  });

  it('prefers the parameter sets that come with the key frame', () => {
    const own = Uint8Array.of(0x67, 77, 0, 31);
    const ownPps = Uint8Array.of(0x68, 1);
    const payloads = packetizeH264([own, ownPps, Uint8Array.of(0x65, 9)], [sps, pps], 1_200);
    expect(hexes(payloads)).toEqual(['780004674d001f00026801', '6509']);
  });

  it('sends parameter sets that are too large for one packet one by one', () => {
    const large = nal(0x68, 99);
    const payloads = packetizeH264([Uint8Array.of(0x65)], [sps, large], 100);
    expect(payloads.map(({ payload }) => payload.length)).toEqual([4, 99, 1]);
  });

  it('cuts a large NAL unit into FU-A', () => {
    const idr = nal(0x65, 251);
    const payloads = packetizeH264([idr], [], 100);
    expect(payloads.map(({ payload }) => payload.length)).toEqual([86, 86, 84]);
    expect(payloads.map(({ payload }) => [payload[0], payload[1]])).toEqual([
      [0x7c, 0x85],
      [0x7c, 0x05],
      [0x7c, 0x45],
    ]);
    const body = Buffer.concat(payloads.map(({ payload }) => payload.subarray(2)));
    expect(body).toEqual(Buffer.from(idr.subarray(1)));
    expect(payloads.map(({ marker }) => marker)).toEqual([false, false, true]);
  });

  it('drops delimiters and filler, and gives nothing when nothing else is there', () => {
    const payloads = packetizeH264([Uint8Array.of(9, 0xf0), Uint8Array.of(0x41, 1), nal(12, 50)], [], 1_200);
    expect(hexes(payloads)).toEqual(['4101']);
    expect(packetizeH264([Uint8Array.of(9, 0xf0)], [sps, pps], 1_200)).toEqual([]);
  });

  it('reads NAL units by their lengths and stops at one that is cut', () => {
    const data = Uint8Array.of(0, 0, 0, 2, 0x41, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0x42, 0, 0, 0, 9, 1);
    expect(splitNalUnits(data, 4).map((unit) => [...unit])).toEqual([[0x41, 1], [0x42]]);
  });
});

describe('RTCP', () => {
  it('reports the clock and the CNAME of a stream', () => {
    const state = { ssrc: 1, timestamp: 90_000, unixMs: 1_500, packets: 2, bytes: 300 };
    expect(senderReport(state, 'abc').toString('hex')).toBe(
      '80c80006' +
        '00000001' +
        '83aa7e8180000000' +
        '00015f90' +
        '00000002' +
        '0000012c' +
        '81ca0003' +
        '00000001' +
        '0103616263' +
        '000000',
    );
  });

  it('tells which packets are asked for again', () => {
    const nack = Buffer.from('81cd0003' + '00000000' + '0000000a' + 'fffe0005', 'hex');
    const report = Buffer.from('80c90001' + '00000007', 'hex');
    expect(readNacks(Buffer.concat([report, nack]))).toEqual([{ ssrc: 10, sequences: [65_534, 65_535, 1] }]);
    expect(readNacks(Buffer.from('81cd0009', 'hex'))).toEqual([]);
    expect(readNacks(Buffer.alloc(3))).toEqual([]);
  });
});
