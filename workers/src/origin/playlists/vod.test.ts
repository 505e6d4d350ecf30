import { alignRenditions } from './alignRenditions.ts';
import { renderMultivariant } from './multivariant.ts';
import type { SegmentRecord } from './records.ts';
import { renderVodIFramePlaylist, renderVodPlaylist } from './vod.ts';

const segment = (msn: number, more: Partial<SegmentRecord> = {}, rendition = '720p'): SegmentRecord => ({
  msn,
  path: `${rendition}/s${msn}-1.m4s`,
  mediaTimeSec: 10 + 2 * msn,
  durationSec: 2,
  programDateTimeMs: 1_700_000_000_000 + 2000 * msn,
  discontinuity: false,
  initPath: `${rendition}/i0-1.mp4`,
  keyFrames: [{ offset: 0, length: 5000, mediaTimeSec: 10 + 2 * msn }],
  byteLength: 250_000,
  ...more,
});

describe('the VOD media playlist', () => {
  it('lists every segment with its date and ends', () => {
    expect(renderVodPlaylist([segment(0), segment(1)], { targetDurationSec: 2 })).toBe(
      [
        '#EXTM3U',
        '#EXT-X-VERSION:6',
        '#EXT-X-TARGETDURATION:2',
        '#EXT-X-MEDIA-SEQUENCE:0',
        '#EXT-X-PLAYLIST-TYPE:VOD',
        '#EXT-X-MAP:URI="i0-1.mp4"',
        '#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z',
        '#EXTINF:2.00000,',
        's0-1.m4s',
        '#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:22.000Z',
        '#EXTINF:2.00000,',
        's1-1.m4s',
        '#EXT-X-ENDLIST',
        '',
      ].join('\n'),
    );
  });

  it('marks discontinuities, says the map again when it changes, and covers a long segment', () => {
    const text = renderVodPlaylist(
      [segment(0), segment(1, { discontinuity: true, initPath: '720p/i1-1.mp4', durationSec: 2.6 })],
      { targetDurationSec: 2 },
    );
    expect(text).toContain('#EXT-X-TARGETDURATION:3\n');
    expect(text).toContain(
      's0-1.m4s\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="i1-1.mp4"\n#EXT-X-PROGRAM-DATE-TIME:',
    );
  });
});

describe('the VOD I-frame playlist', () => {
  it('points at the key frames by byte range, their durations adding up to the segment', () => {
    const keyFrames = [
      { offset: 100, length: 5000, mediaTimeSec: 10.1 },
      { offset: 90_000, length: 4000, mediaTimeSec: 11.2 },
    ];
    const text = renderVodIFramePlaylist([segment(0, { keyFrames })], { targetDurationSec: 2 });
    expect(text).toContain('#EXT-X-I-FRAMES-ONLY\n');
    expect(text).toContain('#EXTINF:1.20000,\n#EXT-X-BYTERANGE:5000@100\ns0-1.m4s\n');
    expect(text).toContain('#EXTINF:0.80000,\n#EXT-X-BYTERANGE:4000@90000\ns0-1.m4s\n');
  });

  it('has a gap where a segment holds no key frame', () => {
    const text = renderVodIFramePlaylist([segment(0, { keyFrames: [] })], { targetDurationSec: 2 });
    expect(text).toContain('#EXT-X-GAP\n#EXTINF:2.00000,\ns0-1.m4s\n');
  });
});

describe('alignRenditions', () => {
  it('begins and ends with the same segment everywhere', () => {
    const aligned = alignRenditions(
      new Map([
        ['720p', [segment(0), segment(1), segment(2)]],
        ['audio', [segment(1, {}, 'audio'), segment(2, {}, 'audio'), segment(3, {}, 'audio')]],
      ]),
    );
    expect([...aligned.values()].map((list) => list.map(({ msn }) => msn))).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('fills what one rendition lacks with a gap of the same time and discontinuity', () => {
    const aligned = alignRenditions(
      new Map([
        ['720p', [segment(0), segment(2, { discontinuity: true }), segment(3)]],
        ['audio', [0, 1, 2, 3].map((msn) => segment(msn, { discontinuity: msn === 1 }, 'audio'))],
      ]),
    );
    const video = aligned.get('720p');
    expect(video?.[1]).toMatchObject({ msn: 1, gap: true, mediaTimeSec: 12, initPath: '720p/i0-1.mp4' });
    const discontinuities = [...aligned.values()].map((list) => list.map((one) => one.discontinuity));
    expect(discontinuities[0]).toEqual(discontinuities[1]);
    expect(renderVodPlaylist(video ?? [], { targetDurationSec: 2 })).toContain('#EXT-X-GAP\n');
  });

  it('leaves out a number nobody has and makes the jump a discontinuity', () => {
    const aligned = alignRenditions(new Map([['720p', [segment(0), segment(3)]]]));
    expect(aligned.get('720p')?.map(({ msn, discontinuity }) => [msn, discontinuity])).toEqual([
      [0, false],
      [3, true],
    ]);
  });
});

describe('the multivariant playlist', () => {
  const video = (id: string, averageBps: number) =>
    ({
      id,
      kind: 'video',
      codecs: ['avc1.64001f'],
      width: 1280,
      height: 720,
      frameRate: 29.97,
      peakBps: averageBps * 1.5,
      averageBps,
      iFramePeakBps: 400_000,
    }) as const;
  const audio = {
    id: 'audio',
    kind: 'audio',
    codecs: ['mp4a.40.2'],
    peakBps: 140_000,
    averageBps: 130_000,
  } as const;

  it('gives each variant the bit rates of its video and audio together', () => {
    const text = renderMultivariant([video('720p', 2_000_000), audio]);
    expect(text).toContain(
      '#EXT-X-STREAM-INF:BANDWIDTH=3140000,AVERAGE-BANDWIDTH=2130000,CODECS="avc1.64001f,mp4a.40.2",' +
        'RESOLUTION=1280x720,FRAME-RATE=29.970,AUDIO="audio"\n720p/index.m3u8\n',
    );
    expect(text).toContain('#EXT-X-INDEPENDENT-SEGMENTS\n');
    expect(text).toContain('URI="audio/index.m3u8"');
    expect(text).toContain('URI="720p/iframes.m3u8"');
  });

  it('offers the audio alone and begins with a variant that a usual connection carries', () => {
    const text = renderMultivariant([video('1080p', 6_000_000), video('480p', 1_200_000), audio]);
    const uris = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(uris).toEqual(['480p/index.m3u8', '1080p/index.m3u8', 'audio/index.m3u8']);
    expect(text).toContain('BANDWIDTH=140000,AVERAGE-BANDWIDTH=130000,CODECS="mp4a.40.2",AUDIO="audio"\n');
  });

  it('serves a playback that has only sound', () => {
    const text = renderMultivariant([audio]);
    expect(text).not.toContain('I-FRAME');
    expect(text).toContain('audio/index.m3u8\n');
  });
});
