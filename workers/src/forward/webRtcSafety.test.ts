import { parseAvcConfig } from '../source/avcConfig.ts';
import { avcRecords } from '../source/testing/flvStream.ts';
import { judge, ReorderWatch } from './webRtcSafety.ts';

const { sps } = parseAvcConfig(avcRecords.landscape180);

describe('whether a picture may be passed on in WebRTC', () => {
  it.each([66, 77, 100])('profile %i may', (profile) => {
    expect(judge({ codec: 'h264', sps: { ...sps, profile, level: 52 } })).toEqual({ safe: true });
  });

  it.each([
    [{ profile: 110, bitDepth: 10 }, '10 bits per sample'],
    [{ profile: 122, chromaFormat: 2 }, 'chroma format 4:2:2'],
    [{ profile: 244, chromaFormat: 1 }, 'profile high 4:4:4'],
    [{ profile: 88 }, 'profile extended'],
    [{ mayBeInterlaced: true }, 'interlaced'],
    [{ level: 60 }, 'level 6.0'],
  ])('%j may not, and the broadcaster reads why', (change, reason) => {
    const verdict = judge({ codec: 'h264', sps: { ...sps, ...change } });
    expect(verdict).toMatchObject({ safe: false, code: 'notWebRtcSafe' });
    expect(verdict.safe ? '' : verdict.reason).toContain(reason);
  });

  it.each(['hevc', 'av1', 'vp9'] as const)('%s may not, whatever its profile', (codec) => {
    const verdict = judge({ codec, sps: { ...sps, profile: 1 } });
    expect(verdict).toMatchObject({ safe: false, code: 'notWebRtcSafe' });
    expect(verdict.safe ? '' : verdict.reason).toContain(`is ${codec.toUpperCase()}`);
  });
});

describe('B-frames', () => {
  const verdictOf = (...composition: number[]): string => {
    const watch = new ReorderWatch();
    for (const ms of composition) watch.add(ms);
    return watch.verdict;
  };

  it('are not there when frames are presented as they are decoded', () => {
    expect(verdictOf(0)).toBe('inOrder');
    expect(verdictOf(0, 0, 0)).toBe('inOrder');
  });

  it('show as soon as composition times differ', () => {
    expect(verdictOf(67)).toBe('unknown');
    expect(verdictOf(67, 133)).toBe('reordered');
    expect(verdictOf(0, 0, 100)).toBe('reordered');
  });

  it('are not meant by one constant delay', () => {
    expect(verdictOf(33, 34, 33, 33, 33)).toBe('unknown');
    expect(verdictOf(33, 34, 33, 33, 33, 34)).toBe('inOrder');
  });
});
