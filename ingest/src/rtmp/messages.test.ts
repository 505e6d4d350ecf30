import { splitAggregate, toMediaMessage } from './messages.ts';

const inner = (type: number, timestampMs: number, body: string): Buffer => {
  const header = Buffer.alloc(11);
  header.writeUInt8(type, 0);
  header.writeUIntBE(body.length, 1, 3);
  header.writeUIntBE(timestampMs % 2 ** 24, 4, 3);
  header.writeUInt8(Math.floor(timestampMs / 2 ** 24), 7);
  const backPointer = Buffer.alloc(4);
  backPointer.writeUInt32BE(11 + body.length);
  return Buffer.concat([header, Buffer.from(body), backPointer]);
};

describe('RTMP messages', () => {
  it('are media when they are audio, video or data', () => {
    const payload = Buffer.from('ab');
    expect(toMediaMessage(8, 1, payload)).toEqual({ type: 8, timestampMs: 1, payload });
    expect(toMediaMessage(9, 1, payload)?.type).toBe(9);
    expect(toMediaMessage(18, 1, payload)?.type).toBe(18);
    expect(toMediaMessage(20, 1, payload)).toBeUndefined();
    expect(toMediaMessage(9, 1, Buffer.alloc(0))).toBeUndefined();
  });

  it('lose the format byte of AMF3 data', () => {
    const message = toMediaMessage(15, 1, Buffer.from([0, 2, 0, 1, 0x61]));
    expect(message).toEqual({ type: 18, timestampMs: 1, payload: Buffer.from([2, 0, 1, 0x61]) });
    expect(toMediaMessage(15, 1, Buffer.from([0]))).toBeUndefined();
  });

  it('come out of an aggregate at their own times', () => {
    const payload = Buffer.concat([inner(9, 1_000, 'key'), inner(8, 1_010, 'a'), inner(20, 1_011, 'no')]);
    expect(splitAggregate(5_000, payload)).toEqual([
      { type: 9, timestampMs: 5_000, payload: Buffer.from('key') },
      { type: 8, timestampMs: 5_010, payload: Buffer.from('a') },
    ]);
  });

  it('wrap at 32 bits in an aggregate', () => {
    const payload = Buffer.concat([inner(8, 0, 'a'), inner(8, 20, 'b')]);
    expect(splitAggregate(2 ** 32 - 10, payload).map((message) => message.timestampMs)).toEqual([
      2 ** 32 - 10,
      10,
    ]);
  });

  it('refuse an aggregate that is cut', () => {
    expect(() => splitAggregate(0, inner(9, 0, 'whole').subarray(0, 14))).toThrow('ends within');
  });
});
