import { positionOfDate } from './dates.ts';
import { firstSegmentUrl } from './firstSegment.ts';
import { clampPosition, bufferedEnd, clockParts, fraction } from './timeline.ts';
import { commandOf } from './keyboard.ts';
import { parsePreferences } from './preferences.ts';
import { qualitiesOf } from './qualities.ts';
import { parseStoryboard, tileAt } from './storyboard.ts';

describe('positionOfDate', () => {
  const at = Date.parse('2026-01-01T10:00:00Z');
  const fragments = [
    { start: 0, duration: 2, programDateTime: at },
    { start: 2, duration: 2, programDateTime: at + 2000 },
    // Nothing was on air for ten seconds.
    { start: 4, duration: 2, programDateTime: at + 14_000 },
  ];

  it('finds a moment inside a fragment', () => {
    expect(positionOfDate(fragments, at + 3500)).toBeCloseTo(3.5);
  });

  it('takes the begin of what came next for a moment in a gap', () => {
    expect(positionOfDate(fragments, at + 9000)).toBe(4);
  });

  it('takes the nearest end for a moment outside', () => {
    expect(positionOfDate(fragments, at - 5000)).toBe(0);
    expect(positionOfDate(fragments, at + 99_000)).toBe(6);
  });

  it('knows nothing without dates', () => {
    expect(positionOfDate([{ start: 0, duration: 2, programDateTime: null }], at)).toBeNull();
    expect(positionOfDate([], at)).toBeNull();
  });
});

describe('timeline', () => {
  const timeline = { startSec: 100, endSec: 200, positionSec: 150, bufferedEndSec: 160 };

  it('maps positions to shares of the bar and holds them inside', () => {
    expect([90, 100, 150, 200, 300].map((sec) => fraction(timeline, sec))).toEqual([0, 0, 0.5, 1, 1]);
    expect(fraction({ ...timeline, endSec: 100 }, 100)).toBe(1);
  });

  it('keeps live viewers out of the hold back', () => {
    expect(clampPosition(timeline, 199.9, 198)).toBe(198);
    expect(clampPosition(timeline, 199.9, null)).toBe(199.9);
    expect(clampPosition(timeline, 5, 198)).toBe(100);
  });

  it('finds the buffered range that holds the playhead', () => {
    const ranges = [
      { startSec: 0, endSec: 4 },
      { startSec: 10, endSec: 16 },
    ];
    expect(bufferedEnd(ranges, 12)).toBe(16);
    expect(bufferedEnd(ranges, 9.9)).toBe(16);
    expect(bufferedEnd(ranges, 7)).toBe(7);
  });

  it('splits seconds for a clock', () => {
    expect(clockParts(3723.9)).toEqual({ hours: 1, minutes: 2, seconds: 3 });
    expect(clockParts(Infinity)).toEqual({ hours: 0, minutes: 0, seconds: 0 });
  });
});

describe('qualitiesOf', () => {
  it('names renditions by their short side and high frame rate', () => {
    const levels = [
      { width: 640, height: 360, frameRate: 30, bitrate: 800_000 },
      { width: 720, height: 1280, frameRate: 60, bitrate: 3_000_000 },
    ];
    expect(qualitiesOf(levels).map((quality) => quality.id)).toEqual(['360p', '720p60']);
  });

  it('gives two renditions of one size different ids', () => {
    const level = { width: 640, height: 360, frameRate: 30, bitrate: 800_000 };
    const ids = qualitiesOf([level, { ...level, bitrate: 400_000 }]).map((quality) => quality.id);
    expect(ids).toEqual(['360p', '360p-400k']);
  });
});

describe('parseStoryboard', () => {
  const text = [
    'WEBVTT',
    '',
    '00:00.000 --> 00:05.000',
    'storyboard-0.jpg#xywh=0,0,160,90',
    '',
    '1',
    '01:00:05.000 --> 01:00:10.500',
    'storyboard-0.jpg#xywh=160,0,160,90',
    '',
    '00:10.000 --> 00:15.000',
    'no picture here',
  ].join('\r\n');
  const tiles = parseStoryboard(text, 'https://x.example/hls/p/storyboard.vtt');

  it('reads cues with rectangles and leaves out the others', () => {
    expect(tiles).toHaveLength(2);
    expect(tiles[1]).toEqual({
      startSec: 3605,
      endSec: 3610.5,
      url: 'https://x.example/hls/p/storyboard-0.jpg',
      x: 160,
      y: 0,
      width: 160,
      height: 90,
    });
  });

  it('finds the picture of a position, also beyond the last', () => {
    expect(tileAt(tiles, 4)?.x).toBe(0);
    expect(tileAt(tiles, 9999)?.x).toBe(160);
    expect(tileAt([], 1)).toBeUndefined();
  });
});

describe('commandOf', () => {
  const plain = { ctrlKey: false, altKey: false, metaKey: false };

  it('knows keys by their letter, and by their place on an Arabic keyboard', () => {
    expect(commandOf({ ...plain, key: 'm', code: 'KeyM' })).toEqual({ type: 'toggleMute' });
    expect(commandOf({ ...plain, key: 'ة', code: 'KeyM' })).toEqual({ type: 'toggleMute' });
    expect(commandOf({ ...plain, key: '٥', code: 'Digit5' })).toEqual({
      type: 'seekToFraction',
      fraction: 0.5,
    });
  });

  it('leaves the browser its own shortcuts', () => {
    expect(commandOf({ ...plain, ctrlKey: true, key: 'f', code: 'KeyF' })).toBeNull();
    expect(commandOf({ ...plain, key: 'Tab', code: 'Tab' })).toBeNull();
  });
});

describe('parsePreferences', () => {
  it('keeps what is in range and forgets the rest', () => {
    expect(parsePreferences('{"volume":0.4,"bandwidthBps":3000000}')).toEqual({
      volume: 0.4,
      bandwidthBps: 3_000_000,
    });
    expect(parsePreferences('{"volume":7,"bandwidthBps":"x"}')).toEqual({ volume: 1, bandwidthBps: null });
    expect(parsePreferences('not json')).toEqual({ volume: 1, bandwidthBps: null });
    expect(parsePreferences(null)).toEqual({ volume: 1, bandwidthBps: null });
  });
});

describe('firstSegmentUrl', () => {
  const head = [
    '#EXTM3U',
    '#EXT-X-TARGETDURATION:2',
    '#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.0',
    '#EXT-X-PART-INF:PART-TARGET=0.25',
    '#EXT-X-MEDIA-SEQUENCE:7',
  ].join('\n');
  const parts = '\n#EXT-X-PART:DURATION=0.25,URI="s7.p0.m4s",INDEPENDENT=YES\n';
  const url = 'https://x.example/hls/p/720p/index.m3u8?_HLS_skip=YES';

  it('blocks for the first segment while there are parts alone', () => {
    expect(firstSegmentUrl(head + parts, url)).toBe('https://x.example/hls/p/720p/index.m3u8?_HLS_msn=7');
  });

  it('leaves every other playlist alone', () => {
    expect(firstSegmentUrl(`${head}\n#EXTINF:2,\ns7.m4s${parts}`, url)).toBeNull();
    expect(firstSegmentUrl(head, url)).toBeNull();
    expect(firstSegmentUrl(head.replace('CAN-BLOCK-RELOAD=YES,', '') + parts, url)).toBeNull();
    expect(firstSegmentUrl('#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n720p/index.m3u8', url)).toBeNull();
  });
});
