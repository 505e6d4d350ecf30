import { decodeAmf, encodeAmf } from './amf0.ts';
import { ChunkReader, encodeChunks, encodeDeltaChunks } from './chunks.ts';
import { FlvReader } from './FlvReader.ts';

describe('the RTMP client of the tests', () => {
  it('writes and reads AMF0', () => {
    const values = ['connect', 1, { app: 'live', deep: { on: true, off: null } }, null, ['a', 2], 'ünï'];
    expect(decodeAmf(encodeAmf(...values))).toEqual(values);
    expect(encodeAmf('a', 1).toString('hex')).toBe('02000161003ff0000000000000');
  });

  it('writes chunks as RTMP wants them', () => {
    const message = { type: 9, timestampMs: 5, streamId: 1, payload: Buffer.from('abcdef') };
    expect(encodeChunks(message, 5, 4).toString('hex')).toBe('05000005000006090100000061626364c56566');
    const late = { ...message, timestampMs: 0x01000000 };
    expect(encodeChunks(late, 5, 4).toString('hex')).toBe(
      '05ffffff000006090100000001000000' + '61626364' + 'c501000000' + '6566',
    );
    expect(encodeDeltaChunks(message, 5, 8).toString('hex')).toBe('4500000500000609616263646566');
  });

  it('puts chunks together again, however they arrive', () => {
    const first = { type: 20, timestampMs: 7, streamId: 1, payload: Buffer.alloc(300, 1) };
    const second = { type: 4, timestampMs: 0, streamId: 0, payload: Buffer.from('x') };
    const bytes = Buffer.concat([encodeChunks(first, 3, 128), encodeChunks(second, 2, 128)]);
    const reader = new ChunkReader();
    const messages = [...bytes].flatMap((byte) => reader.read(Buffer.from([byte])));
    expect(messages).toEqual([first, second]);
  });

  it('refuses an FLV whose lengths are wrong', () => {
    const header = Buffer.from('464c56010500000009' + '00000000', 'hex');
    const tag = Buffer.from('0800000100000500000000' + 'ff' + '0000000c', 'hex');
    const reader = new FlvReader();
    reader.write(Buffer.concat([header, tag]));
    expect(reader.messages).toEqual([{ type: 8, timestampMs: 5, payload: Buffer.from([0xff]) }]);
    tag.writeUInt8(0x0d, tag.length - 1);
    expect(() => reader.write(tag)).toThrow('PreviousTagSize');
  });
});
