import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { FlvError, FlvParser, type FlvTag } from './FlvParser.ts';
import { parseMetadata } from './metadata.ts';
import { readAudioContent, readVideoContent } from './tagContent.ts';
import {
  aacConfigTag,
  aacFrameTag,
  avcConfigTag,
  avcFrameTag,
  flvHeader,
  flvTag,
  metadataTag,
} from './writeFlv.ts';

function parse(bytes: Uint8Array, pieceBytes: number, maxTagBytes?: number): FlvTag[] {
  const parser = new FlvParser(maxTagBytes);
  const tags: FlvTag[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes)
    tags.push(...parser.push(bytes.subarray(at, at + pieceBytes)));
  return tags;
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof FlvError) return error.code;
    throw error;
  }
  return 'no error';
}

describe('FlvParser', () => {
  it('reads back what was written, whatever the pieces', () => {
    const tag = fc.record({
      type: fc.constantFrom<FlvTag['type']>('audio', 'video', 'script'),
      timestampMs: fc.nat(0xffffffff),
      body: fc.uint8Array({ maxLength: 300 }),
    });
    const bySize = fc.property(
      fc.array(tag, { maxLength: 20 }),
      fc.integer({ min: 1, max: 700 }),
      (tags, piece) => {
        const bytes = Buffer.concat([
          flvHeader({ video: true, audio: true }),
          ...tags.map((each) => flvTag(each.type, each.timestampMs, [], each.body)),
        ]);
        const read = parse(bytes, piece).map((each) => ({ ...each, body: [...each.body] }));
        expect(read).toEqual(tags.map((each) => ({ ...each, body: [...each.body] })));
      },
    );
    fc.assert(bySize, { numRuns: 60 });
  });

  it('refuses what is not FLV', () => {
    expect(codeOf(() => parse(Buffer.from('GET / HTTP/1.1\r\n\r\n'), 5))).toBe('notFlv');
    const longHeader = Buffer.from(flvHeader({ video: true, audio: true }));
    longHeader.writeUInt32BE(100_000, 5);
    expect(codeOf(() => parse(longHeader, 100))).toBe('notFlv');
  });

  it('refuses a broken tag', () => {
    const header = flvHeader({ video: true, audio: true });
    const wrongType = Buffer.concat([header, Buffer.alloc(11, 0x07)]);
    expect(codeOf(() => parse(wrongType, 100))).toBe('badTag');
    const wrongSize = Buffer.from(flvTag('video', 1, [], Buffer.alloc(4)));
    wrongSize[wrongSize.length - 1] = 3;
    expect(codeOf(() => parse(Buffer.concat([header, wrongSize]), 7))).toBe('badTag');
    expect(
      codeOf(() => parse(Buffer.concat([header, flvTag('video', 1, [], Buffer.alloc(65))]), 7, 64)),
    ).toBe('tagTooLarge');
  });

  it('never throws anything but FlvError on garbage', () => {
    const header = flvHeader({ video: true, audio: true });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (garbage, withHeader) => {
        expect(codeOf(() => parse(withHeader ? Buffer.concat([header, garbage]) : garbage, 13))).toMatch(
          /^(no error|notFlv|badTag|tagTooLarge)$/,
        );
      }),
    );
  });
});

describe('video tags', () => {
  const bodyOf = (tag: Buffer): Uint8Array => tag.subarray(11, tag.length - 4);

  it('gives legacy AVC', () => {
    const config = readVideoContent(bodyOf(avcConfigTag(0, Buffer.from('abcd'))));
    expect(config).toMatchObject({ kind: 'config', codec: 'h264', data: Buffer.from('abcd') });
    const frame = avcFrameTag(5, { key: true, compositionMs: -40, data: Buffer.from('xyz') });
    expect(readVideoContent(bodyOf(frame))).toMatchObject({
      kind: 'frame',
      codec: 'h264',
      key: true,
      compositionMs: -40,
      data: Buffer.from('xyz'),
    });
    expect(readVideoContent(Uint8Array.of(0x27, 2, 0, 0, 0))).toMatchObject({ kind: 'other', key: false });
    expect(readVideoContent(Uint8Array.of(0x57, 0))).toMatchObject({ kind: 'other' });
  });

  it('gives enhanced RTMP by its FourCC', () => {
    const tag = (first: number, fourCc: string, ...rest: number[]): Uint8Array =>
      Uint8Array.from([first, ...Buffer.from(fourCc), ...rest]);
    expect(readVideoContent(tag(0x90, 'hvc1', 9))).toMatchObject({ kind: 'config', codec: 'hevc' });
    expect(readVideoContent(tag(0xa3, 'av01', 9))).toMatchObject({ kind: 'frame', codec: 'av1', key: false });
    const avc = readVideoContent(tag(0x91, 'avc1', 0, 0, 33, 7, 8));
    expect(avc).toMatchObject({ kind: 'frame', codec: 'h264', key: true, compositionMs: 33 });
    expect([...(avc?.data ?? [])]).toEqual([7, 8]);
    expect(readVideoContent(tag(0x96, 'avc1'))).toMatchObject({ kind: 'other', extraTrack: true });
    expect(readVideoContent(tag(0x94, 'hvc1'))).toMatchObject({ kind: 'other', extraTrack: false });
  });

  it('has nothing to say about a cut body', () => {
    for (const body of [[], [0x17, 1, 0], [0x91, 1, 2], [0x91, 0x61, 0x76, 0x63, 0x31, 0]]) {
      expect(readVideoContent(Uint8Array.from(body))).toBeNull();
    }
  });
});

describe('audio tags', () => {
  it('gives AAC, legacy and enhanced, and names the others', () => {
    const body = (tag: Buffer): Uint8Array => tag.subarray(11, tag.length - 4);
    expect(readAudioContent(body(aacConfigTag(0, Uint8Array.of(1, 2))))).toMatchObject({
      kind: 'config',
      codec: 'aac',
    });
    expect(readAudioContent(body(aacFrameTag(0, Uint8Array.of(1))))).toMatchObject({
      kind: 'frame',
      codec: 'aac',
    });
    expect(readAudioContent(Uint8Array.of(0x2f, 1))).toMatchObject({ kind: 'frame', codec: 'mp3' });
    expect(readAudioContent(Uint8Array.from([0x91, ...Buffer.from('Opus'), 1]))).toMatchObject({
      codec: 'opus',
    });
    expect(readAudioContent(Uint8Array.from([0x90, ...Buffer.from('mp4a'), 1]))).toMatchObject({
      kind: 'config',
      codec: 'aac',
    });
    expect(readAudioContent(Uint8Array.of(0xaf))).toBeNull();
  });
});

describe('metadata', () => {
  const bodyOf = (tag: Buffer): Buffer => tag.subarray(11, tag.length - 4);

  it('reads what encoders announce', () => {
    const body = bodyOf(metadataTag({ width: 1280, videocodecid: 7, videodatarate: 2500, framerate: 29.97 }));
    const announced = {
      announcesVideo: true,
      announcesAudio: false,
      frameRate: 29.97,
      videoBps: 2_500_000,
      audioBps: 0,
    };
    expect(parseMetadata(body)).toEqual(announced);
    const set = Buffer.concat([Buffer.from([2, 0, 13]), Buffer.from('@setDataFrame'), body]);
    expect(parseMetadata(set)).toEqual(announced);
    expect(parseMetadata(body.subarray(0, body.length - 12))).toMatchObject({ announcesVideo: true });
  });

  it('ignores other scripts, and survives any bytes', () => {
    expect(parseMetadata(Buffer.from([2, 0, 2, 65, 66]))).toBeNull();
    const body = bodyOf(metadataTag({ width: 1280, framerate: -3, videodatarate: 1e12 }));
    expect(parseMetadata(body)).toMatchObject({ frameRate: null, videoBps: 0 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(60), (garbage, keep) => {
        parseMetadata(Buffer.concat([body.subarray(0, keep), garbage]));
      }),
    );
  });
});
