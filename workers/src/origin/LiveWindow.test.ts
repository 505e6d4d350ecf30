import { gunzipSync } from 'node:zlib';
import { LiveWindow } from './LiveWindow.ts';
import type { OlderMedia } from './OlderMedia.ts';
import { renderIFrames, renderMedia } from './renderLive.ts';
import { SyntheticFeed, type SyntheticOptions } from './testing/SyntheticFeed.ts';

const nothingOlder: OlderMedia = { open: () => Promise.resolve(null) };

function live(options: SyntheticOptions & { dvrWindowSec?: number } = {}) {
  const window = new LiveWindow({ dvrWindowSec: options.dvrWindowSec ?? 60, older: nothingOlder });
  return { window, feed: new SyntheticFeed((event) => window.apply(event), options).start() };
}

const text = (window: LiveWindow, id: string, form: 'full' | 'delta' = 'full'): string =>
  renderMedia(window, id, form)?.text.identity.toString() ?? '';
const linesWith = (playlist: string, tag: string): string[] =>
  playlist.split('\n').filter((line) => line.startsWith(tag));
const sequenceOf = (playlist: string): number =>
  Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(playlist)?.[1] ?? NaN);

describe('the live media playlist', () => {
  it('lists parts of the open segment, the coming part and the other renditions', () => {
    const { window, feed } = live();
    feed.parts(2);
    expect(text(window, '720p')).toBe(
      [
        '#EXTM3U',
        '#EXT-X-VERSION:6',
        '#EXT-X-TARGETDURATION:2',
        '#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.00000,HOLD-BACK=6.00000,PART-HOLD-BACK=1.00000',
        '#EXT-X-PART-INF:PART-TARGET=0.25000',
        '#EXT-X-MEDIA-SEQUENCE:0',
        '#EXT-X-DISCONTINUITY-SEQUENCE:0',
        '#EXT-X-MAP:URI="i0-1.mp4"',
        '#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z',
        '#EXT-X-PART:DURATION=0.25000,URI="s0-1.p0.m4s",INDEPENDENT=YES',
        '#EXT-X-PART:DURATION=0.25000,URI="s0-1.p1.m4s"',
        '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="s0-1.p2.m4s"',
        '#EXT-X-RENDITION-REPORT:URI="../360p/index.m3u8",LAST-MSN=0,LAST-PART=1',
        '#EXT-X-RENDITION-REPORT:URI="../audio/index.m3u8",LAST-MSN=0,LAST-PART=1',
        '',
      ].join('\n'),
    );
  });

  it('numbers segments and key frames from the first segment on', () => {
    const { window, feed } = live({ firstMsn: 1, dvrWindowSec: 24 });
    const rendition = window.rendition('720p');
    expect(rendition?.closedMsn).toBe(0);
    feed.parts(1);
    expect(rendition?.closedMsn).toBe(0);
    expect(sequenceOf(text(window, '720p'))).toBe(1);
    feed.segments(1);
    expect(rendition?.closedMsn).toBe(1);
    const iFrames = (): string => renderIFrames(window, '720p', 'full')?.text.identity.toString() ?? '';
    expect([sequenceOf(text(window, '720p')), sequenceOf(iFrames())]).toEqual([1, 1]);
    feed.segments(13);
    expect([sequenceOf(text(window, '720p')), sequenceOf(iFrames())]).toEqual([3, 3]);
  });

  it('hints part 0 of the next segment once a segment is complete', () => {
    const { window, feed } = live();
    feed.segments(1);
    const playlist = text(window, '720p');
    expect(playlist).toContain(
      '#EXTINF:2.00000,\ns0-1.m4s\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI="s1-1.p0.m4s"\n',
    );
    expect(playlist).toContain('LAST-MSN=0,LAST-PART=7');
  });

  it('lists parts for the last three target durations, whole segments at a time', () => {
    const { window, feed } = live();
    feed.segments(10).parts(3);
    const withParts = linesWith(text(window, '720p'), '#EXT-X-PART:').map(
      (line) => /URI="s(\d+)-/.exec(line)?.[1],
    );
    expect([...new Set(withParts)]).toEqual(['8', '9', '10']);
  });

  it('never lists a part that begins more than three target durations from the end', () => {
    const { window, feed } = live({ partsPerSegment: 9 });
    for (let step = 0; step < 200; step += 1) {
      feed.parts(1);
      const parts = linesWith(text(window, '720p'), '#EXT-X-PART:').length;
      expect(parts * feed.partSec).toBeLessThanOrEqual(6);
    }
  });

  it('is the same text however it is put together, gzip included', () => {
    const { window, feed } = live({ dvrWindowSec: 400 });
    for (let step = 0; step < 300; step += 1) {
      feed.segments(1).parts(step % 7);
      const rendered = renderMedia(window, '720p', 'full');
      const identity = rendered?.text.identity.toString() ?? '';
      expect(gunzipSync(rendered?.text.gzip ?? Buffer.alloc(0)).toString()).toBe(identity);
      const listed = linesWith(identity, 's').map((uri) => Number(/s(\d+)-/.exec(uri)?.[1]));
      const first = sequenceOf(identity);
      expect(listed).toEqual(listed.map((_, index) => first + index));
      expect(linesWith(identity, '#EXT-X-MAP')).toEqual(['#EXT-X-MAP:URI="i0-1.mp4"']);
    }
    expect(sequenceOf(text(window, '720p'))).toBeGreaterThan(90);
  });

  it('slides by time: numbers rise by one for each segment that leaves', () => {
    const { window, feed } = live({ dvrWindowSec: 30 });
    feed.segments(15);
    expect(sequenceOf(text(window, 'audio'))).toBe(0);
    feed.segments(1);
    expect(sequenceOf(text(window, 'audio'))).toBe(1);
    expect(linesWith(text(window, 'audio'), 's1-1').length).toBe(1);
  });

  it('keeps at least twelve target durations, however short the window was configured', () => {
    const { window, feed } = live({ dvrWindowSec: 1 });
    feed.segments(40);
    expect(linesWith(text(window, '720p'), '#EXTINF').length).toBe(12);
  });

  it('ends with the end of the playback and hints nothing more', () => {
    const { window, feed } = live();
    feed.segments(2).parts(3).end();
    const playlist = text(window, '720p');
    expect(playlist).toMatch(/#EXTINF:0\.75000,\ns2-1\.m4s\n#EXT-X-ENDLIST\n$/);
    expect(playlist).not.toContain('PRELOAD-HINT');
    expect(renderMedia(window, '720p', 'delta')).toBeNull();
  });
});

describe('a reconnect', () => {
  it('is one discontinuity with a new map and the jump of the clock, the same in every rendition', () => {
    const { window, feed } = live();
    feed.segments(3).parts(3).reconnect(5000).segments(2);
    for (const id of ['720p', 'audio']) {
      const playlist = text(window, id);
      expect(linesWith(playlist, '#EXT-X-DISCONTINUITY').filter((line) => !line.includes(':'))).toHaveLength(
        1,
      );
      expect(playlist).toContain(
        '#EXTINF:0.75000,\ns3-1.m4s\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="i1-1.mp4"\n' +
          '#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:31.750Z\n',
      );
    }
  });

  it('is counted when its segment has left the window', () => {
    const { window, feed } = live({ dvrWindowSec: 30 });
    feed.segments(3).reconnect(5000).segments(15);
    expect(text(window, '720p')).toContain(
      '#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="i1-1.mp4"\n',
    );
    feed.segments(1);
    const playlist = text(window, '720p');
    expect(playlist).toContain('#EXT-X-DISCONTINUITY-SEQUENCE:1\n#EXT-X-MAP:URI="i1-1.mp4"\n#EXT-X-PROGRAM');
  });
});

describe('a rendition that lacks segments', () => {
  it('lists gaps in their place, with the discontinuity said once', () => {
    const { window, feed } = live();
    feed.segments(2);
    feed.silent.add('360p');
    feed.segments(1).reconnect(1000).segments(1);
    feed.silent.clear();
    feed.segments(2);
    const full = text(window, '720p');
    const lacking = text(window, '360p');
    expect(linesWith(lacking, '#EXT-X-GAP')).toHaveLength(2);
    expect(lacking).toContain('#EXT-X-GAP\n#EXTINF:2.00000,\ngap2.m4s\n#EXT-X-DISCONTINUITY\n');
    const discontinuities = (playlist: string) =>
      linesWith(playlist, '#EXT-X-DISCONTINUITY').filter((line) => !line.includes(':')).length;
    expect(discontinuities(lacking)).toBe(discontinuities(full));
    expect(linesWith(lacking, '#EXTINF')).toEqual(linesWith(full, '#EXTINF'));
  });

  it('shares out the time that no rendition covers', () => {
    const { window, feed } = live();
    feed.segments(2);
    window.apply({
      type: 'segment.started',
      rendition: 'audio',
      msn: 4,
      leg: 0,
      init: 0,
      fence: 1,
      mediaTimeSec: 17,
      programDateTimeMs: 1_700_000_007_000,
      discontinuity: false,
    });
    const playlist = text(window, 'audio');
    expect(playlist).toContain('#EXT-X-GAP\n#EXTINF:1.50000,\ngap2.m4s\n');
    expect(playlist).toContain(
      '#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:25.500Z\n#EXT-X-GAP\n#EXTINF:1.50000,\ngap3.m4s\n',
    );
  });
});

describe('delta updates', () => {
  it('replace segments beyond the skip boundary and leave the rest as it is', () => {
    const { window, feed } = live({ dvrWindowSec: 400 });
    feed.segments(150).parts(2);
    const full = text(window, '720p');
    const delta = renderMedia(window, '720p', 'delta');
    const deltaText = delta?.text.identity.toString() ?? '';
    const skipped = Number(/SKIPPED-SEGMENTS=(\d+)/.exec(deltaText)?.[1]);
    expect(skipped).toBe(144);
    expect(delta?.firstListed).toBe(144);
    expect(deltaText).toContain('#EXT-X-VERSION:9\n');
    const kept = deltaText.slice(deltaText.indexOf('\n', deltaText.indexOf('#EXT-X-SKIP')) + 1);
    expect(full.endsWith(kept)).toBe(true);
  });

  it('do not exist while nothing can be skipped', () => {
    const { window, feed } = live();
    feed.segments(6);
    expect(renderMedia(window, '720p', 'delta')).toBeNull();
    feed.segments(1);
    expect(text(window, '720p', 'delta')).toContain('SKIPPED-SEGMENTS=1\n');
  });
});

describe('the live I-frame playlist', () => {
  it('lists key frames of complete segments, with the same server control as the others', () => {
    const { window, feed } = live();
    feed.segments(2).parts(1);
    const iFrames = renderIFrames(window, '720p', 'full')?.text.identity.toString() ?? '';
    expect(iFrames).toContain('#EXT-X-I-FRAMES-ONLY\n');
    expect(iFrames).toContain('#EXTINF:2.00000,\n#EXT-X-BYTERANGE:2000@0\ns1-1.m4s\n');
    expect(linesWith(iFrames, '#EXT-X-SERVER-CONTROL')).toEqual(
      linesWith(text(window, '720p'), '#EXT-X-SERVER-CONTROL'),
    );
    expect(iFrames).not.toContain('#EXT-X-PART');
    expect(renderIFrames(window, 'audio', 'full')).toBeNull();
  });
});

describe('memory', () => {
  it('holds the newest media only, with parts for as long as they are needed', () => {
    const { window, feed } = live({ dvrWindowSec: 4000 });
    feed.segments(600);
    const perSecond = (2000 * 2 + 400) * 4;
    expect(window.byteLength).toBeLessThanOrEqual(33 * perSecond);
    const memory = window.rendition('720p')?.memory;
    expect(memory?.segment(584, 1)?.subarray(0, 14).toString()).toBe('720p 584.0 720');
    expect(memory?.part(595, 1, 7)?.subarray(0, 10).toString()).toBe('720p 595.7');
    expect(memory?.segment(500, 1)).toBeUndefined();
    expect(memory?.segment(599, 2)).toBeUndefined();
  });

  it('keeps less time when the bytes are many, but never less than the parts need', () => {
    const window = new LiveWindow({ dvrWindowSec: 60, older: nothingOlder, memoryMaxBytes: 10_000 });
    new SyntheticFeed((event) => window.apply(event)).start().segments(30);
    const memory = window.rendition('720p')?.memory;
    expect(memory?.segment(20, 1)).toBeUndefined();
    expect(memory?.part(24, 1, 0)).toBeDefined();
  });

  it('gives a segment as exactly its parts', () => {
    const { window, feed } = live();
    feed.segments(1);
    const memory = window.rendition('360p')?.memory;
    const parts = Array.from({ length: 8 }, (_, part) => memory?.part(0, 1, part) ?? Buffer.alloc(0));
    expect(Buffer.concat(parts).equals(memory?.segment(0, 1) ?? Buffer.alloc(1))).toBe(true);
  });
});

describe('the fold', () => {
  it('refuses events out of order', () => {
    const { window, feed } = live();
    feed.segments(2);
    const start = { leg: 0, init: 0, fence: 1, mediaTimeSec: 10, programDateTimeMs: 0, discontinuity: false };
    expect(() => window.apply({ type: 'segment.started', rendition: '720p', msn: 1, ...start })).toThrow(
      'after 1 was complete',
    );
    expect(() =>
      window.apply({ type: 'segment.ended', rendition: '720p', msn: 2, durationSec: 1, byteLength: 1 }),
    ).toThrow('without having started');
  });

  it('closes with what it has a segment that was never ended', () => {
    const { window, feed } = live();
    feed.segments(1).parts(2);
    const start = { leg: 1, init: 0, fence: 2, mediaTimeSec: 13, programDateTimeMs: 0, discontinuity: true };
    window.apply({ type: 'segment.started', rendition: '720p', msn: 2, ...start });
    expect(text(window, '720p')).toContain(
      '#EXTINF:0.50000,\ns1-1.m4s\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI="s2-2.p0.m4s"\n',
    );
  });

  it('comes out the same from records as from events', () => {
    const { window, feed } = live();
    feed.segments(20);
    const restored = new LiveWindow({ dvrWindowSec: 60, older: nothingOlder });
    const replay = new SyntheticFeed((event) => restored.apply(event));
    replay.start();
    for (const [id, rendition] of window.renditions)
      for (const segment of rendition.segments) restored.restoreSegment(id, segment);
    const strip = (playlist: string) =>
      playlist
        .split('\n')
        .filter((line) => !/PART:|PRELOAD-HINT|REPORT/.test(line))
        .join('\n');
    expect(strip(text(restored, '720p'))).toBe(strip(text(window, '720p')));
    expect(text(restored, '720p')).not.toContain('PRELOAD-HINT');
  });
});

describe('announced bit rates', () => {
  it('cover the measured ones within the bounds of PROTOCOLS A', () => {
    const { window, feed } = live({ partBytes: () => 100_000 });
    feed.segments(4);
    const [video, , audio] = window.renditionRecords();
    expect(video?.peakBps).toBeGreaterThanOrEqual(3_200_000 / 1.25);
    expect(video?.averageBps).toBeGreaterThanOrEqual(3_200_000);
    expect(audio?.averageBps).toBeCloseTo(3_200_000, -2);
  });

  it('of I-frame playlists follow from the key frames in a segment, however many', () => {
    const { window, feed } = live({ partBytes: () => 10_000 });
    feed.parts(1);
    expect(window.renditionRecords()[0]?.iFramePeakBps).toBeCloseTo((1.5 * 80_000) / 2);
    feed.segments(2);
    expect(window.renditionRecords()[0]?.iFramePeakBps).toBeCloseTo((1.5 * 80_000) / 2);
    expect(window.renditionRecords()[2]?.iFramePeakBps).toBeUndefined();
  });

  it('are those of the encoder when the picture is easy', () => {
    const { window, feed } = live();
    feed.parts(1);
    expect(window.renditionRecords()[0]).toMatchObject({ averageBps: 2_512_000, peakBps: 3_262_000 });
  });
});
