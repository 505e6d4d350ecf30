import { ChunkError, ChunkReader } from './ChunkReader.ts';
import { encodeChunks, type RtmpMessage } from './chunks.ts';

const message = (length: number, timestampMs = 5, type = 9): RtmpMessage => ({
  ...{ type, timestampMs, streamId: 1 },
  payload: Buffer.from(Array.from({ length }, (_, at) => at % 251)),
});

function read(bytes: Buffer, pieceBytes: number, reader = new ChunkReader()): RtmpMessage[] {
  const messages: RtmpMessage[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes)
    messages.push(...reader.push(bytes.subarray(at, at + pieceBytes)));
  return messages;
}

describe('chunks of RTMP', () => {
  it.each([0, 1, 127, 128, 129, 256, 1_000])(
    'carry a message of %d bytes, in whatever pieces they come',
    (length) => {
      for (const timestampMs of [0, 0xfffffe, 0xffffff, 0xffffffff]) {
        const sent = message(length, timestampMs);
        const bytes = encodeChunks(sent, 4, 128);
        for (const piece of [1, 7, bytes.length]) {
          const [got] = read(bytes, piece);
          expect({ ...got, payload: Buffer.from(got?.payload ?? []) }).toEqual(sent);
        }
      }
    },
  );

  it('of several streams may come between each other, with short headers, and in another size', () => {
    const first = encodeChunks(message(200), 4, 128);
    const second = encodeChunks(message(100, 1, 20), 3, 128);
    const between = Buffer.concat([first.subarray(0, 140), second, first.subarray(140)]);
    const size = Buffer.from([0, 0, 16, 0]);
    const larger = encodeChunks({ type: 1, timestampMs: 0, streamId: 0, payload: size }, 2, 128);
    // The same length and type as before on this stream: a delta of time alone (type 2), then nothing at all (type 3).
    const again = [
      Buffer.from([0x84, 0, 0, 7]),
      message(200).payload,
      Buffer.from([0xc4]),
      message(200).payload,
    ];
    const got = read(Buffer.concat([between, larger, ...again]), 11);
    expect(got.map(({ type, payload }) => [type, payload.length])).toEqual([
      ...[
        [20, 100],
        [9, 200],
        [1, 4],
      ],
      ...[
        [9, 200],
        [9, 200],
      ],
    ]);
  });

  it('are refused when nothing sane would send them', () => {
    const bad = [
      Buffer.from([0xc4, 1, 2, 3]),
      encodeChunks(message(70_000), 4, 128),
      encodeChunks({ type: 1, timestampMs: 0, streamId: 0, payload: Buffer.alloc(4) }, 2, 128),
      Buffer.concat(Array.from({ length: 40 }, (_, id) => encodeChunks(message(1), 3 + id, 128))),
    ];
    for (const bytes of bad) expect(() => read(bytes, bytes.length)).toThrow(ChunkError);
  });
});
