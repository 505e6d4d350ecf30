import { formOf, isFrame } from './codecs.ts';

const tag = (type: 'audio' | 'video' | 'script', ...bytes: number[]) => ({
  ...{ type, timestampMs: 0 },
  body: Buffer.from(bytes),
});
const hevc = [...Buffer.from('hvc1')];
const opus = [...Buffer.from('Opus')];

describe('the form of a tag', () => {
  it.each([
    ['H.264', tag('video', 0x17, 1, 0, 0, 0), { type: 'plain' }],
    ['AAC', tag('audio', 0xaf, 1), { type: 'plain' }],
    ['metadata', tag('script', 2), { type: 'plain' }],
    ['HEVC', tag('video', 0x90, ...hevc), { type: 'enhanced', codec: 'hvc1' }],
    ['Opus', tag('audio', 0x91, ...opus), { type: 'enhanced', codec: 'Opus' }],
    ['a second track', tag('video', 0x96, 0, ...hevc), { type: 'left' }],
    ['a command to players', tag('video', 0x57, 0), { type: 'left' }],
    ['nothing', tag('video'), { type: 'left' }],
    ['Sorenson', tag('video', 0x12, 0), { type: 'unsupported', codec: 'video 2' }],
    ['Speex', tag('audio', 0xb6, 0), { type: 'unsupported', codec: 'audio 11' }],
  ] as const)('is known of %s', (_name, given, form) => expect(formOf(given)).toEqual(form));

  it('tells frames from what says how to decode them', () => {
    const frames = [
      tag('video', 0x17, 1),
      tag('audio', 0xaf, 1),
      tag('video', 0x91, ...hevc),
      tag('audio', 0x2f),
    ];
    const others = [
      tag('video', 0x17, 0),
      tag('audio', 0xaf, 0),
      tag('video', 0x90, ...hevc),
      tag('script', 2),
    ];
    expect(frames.map(isFrame)).toEqual([true, true, true, true]);
    expect(others.map(isFrame)).toEqual([false, false, false, false]);
  });
});
