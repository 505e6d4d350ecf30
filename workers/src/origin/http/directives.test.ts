import { canonicalQuery, judge, parseDirectives, type Position } from './directives.ts';
import { parseRange, resolveRange } from './byteRange.ts';
import { parseRoute } from './route.ts';

describe('delivery directives', () => {
  it('are the same in any order, repeated, and among other parameters', () => {
    const expected = { msn: 12, part: 3, skip: true };
    for (const query of [
      '_HLS_msn=12&_HLS_part=3&_HLS_skip=YES',
      '_HLS_skip=v2&_HLS_part=3&_HLS_msn=12',
      'token=a&_HLS_msn=12&_HLS_msn=12&_HLS_part=3&_HLS_skip=YES&x',
      '_HLS_%6Dsn=12&_HLS_part=%33&_HLS_skip=YES',
    ]) {
      expect(parseDirectives(query)).toEqual(expected);
      expect(canonicalQuery(parseDirectives(query))).toBe('_HLS_msn=12&_HLS_part=3&_HLS_skip=YES');
    }
  });

  it.each(['_HLS_part=1', '_HLS_msn=', '_HLS_msn=-1', '_HLS_msn=1.5', '_HLS_msn=abc', '_HLS_msn=1e3'])(
    'refuse %s',
    (query) => expect(() => parseDirectives(query)).toThrow(/_HLS_/),
  );

  it.each(['_HLS_msn=1&_HLS_part=x', '_HLS_msn=9999999999999999', '_HLS_msn=1&_HLS_msn=2', '_HLS_msn=%20 1'])(
    'refuse %s',
    (query) => expect(() => parseDirectives(query)).toThrow(/_HLS_/),
  );

  it('ignore a skip value that nobody defined', () => {
    expect(parseDirectives('_HLS_skip=maybe')).toEqual({ skip: false });
  });
});

describe('what a blocking request waits for', () => {
  /** Segments up to 11 are complete (8 parts each), 12 has three parts. */
  const position: Position = {
    closedMsn: 11,
    openParts: 3,
    partCountOf: (msn) => (msn >= 10 && msn <= 11 ? 8 : undefined),
  };
  const atStartOf12 = { ...position, openParts: 0 };
  const of = (msn: number, part?: number, at = position) => judge({ msn, part, skip: false }, at, 12);

  it('a segment number alone waits for the whole segment', () => {
    expect([of(3), of(11), of(12), of(13), of(14)]).toEqual(['answer', 'answer', 'hold', 'hold', 'too_far']);
  });

  it('a part waits for that part', () => {
    expect([of(12, 0), of(12, 2), of(12, 3), of(13, 0)]).toEqual(['answer', 'answer', 'hold', 'hold']);
  });

  it('a part past the last of a segment is part 0 of the next', () => {
    expect(of(11, 8)).toBe('answer');
    expect(of(11, 8, atStartOf12)).toBe('hold');
    expect(of(11, 7, atStartOf12)).toBe('answer');
    expect(of(10, 99, atStartOf12)).toBe('answer');
  });

  it('too far ahead is refused: two segments, or three seconds of parts', () => {
    expect([of(12, 14), of(12, 15), of(13, 11), of(13, 12), of(14, 0)]).toEqual([
      'hold',
      'too_far',
      'hold',
      'too_far',
      'too_far',
    ]);
  });
});

describe('routes', () => {
  it('know every name of a playback', () => {
    expect(parseRoute('/hls/abc/index.m3u8')?.resource.type).toBe('multivariant');
    expect(parseRoute('/hls/abc/720p/index.m3u8?_HLS_msn=1')).toMatchObject({ query: '_HLS_msn=1' });
    expect(parseRoute('/hls/abc/720p/s12-3.p4.m4s')?.resource).toEqual({
      type: 'part',
      path: '720p/s12-3.p4.m4s',
      rendition: '720p',
      msn: 12,
      fence: 3,
      part: 4,
    });
    expect(parseRoute('/hls/abc/720p/s12-3.m4s')?.resource.type).toBe('segment');
    expect(parseRoute('/hls/abc/720p/i0-3.mp4')?.resource.type).toBe('init');
    expect(parseRoute('/hls/abc/storyboard-2.jpg')?.resource.type).toBe('image');
  });

  it.each([
    '/hls/abc/../../etc/passwd',
    '/hls/../secret/index.m3u8',
    '/hls/abc/720p/../index.m3u8',
    '/hls/abc/%2e%2e/index.m3u8',
    '/hls/abc//index.m3u8',
    '/hls/abc/720p/s1.m4s',
    '/hls/abc/journal.jsonl',
    '/hls/abc',
    '/',
    '*',
    'http://elsewhere/hls/abc/index.m3u8',
  ])('do not know %s', (url) => expect(parseRoute(url)).toBeNull());
});

describe('byte ranges', () => {
  it('are resolved within the file', () => {
    const resolve = (header: string) => resolveRange(parseRange(header) ?? { start: NaN }, 1000);
    expect(resolve('bytes=0-99')).toEqual({ start: 0, end: 99 });
    expect(resolve('bytes=900-9007199254740991')).toEqual({ start: 900, end: 999 });
    expect(resolve('bytes=-10')).toEqual({ start: 990, end: 999 });
    expect(resolve('bytes=5-')).toEqual({ start: 5, end: 999 });
  });

  it('that are none are ignored, and those past the end refused', () => {
    for (const header of ['bytes=5-2', 'lines=1-2', 'bytes=0-1,5-6', 'bytes=-', undefined])
      expect(parseRange(header)).toBeNull();
    expect(() => resolveRange({ start: 1000 }, 1000)).toThrow();
    expect(() => resolveRange({ suffixLength: 0 }, 1000)).toThrow();
  });
});
