import { choosePoster, lumaOf } from './choosePoster.ts';
import { iFrameEntries, iFrameRenditions, type IFrameEntry } from './iFrameEntries.ts';
import { planStoryboard, renderStoryboard } from './storyboardPlan.ts';

const frame = (startSec: number): IFrameEntry => ({
  startSec,
  durationSec: 2,
  initPath: '360p/i0-1.mp4',
  path: '360p/s0-1.m4s',
  offset: 0,
  length: 10,
});
const every2Sec = (count: number) => Array.from({ length: count }, (_, index) => frame(index * 2));

describe('I-frame playlists', () => {
  it('give key frames with their times and places; gaps only take time', () => {
    const playlist = [
      '#EXTM3U',
      '#EXT-X-I-FRAMES-ONLY',
      '#EXT-X-MAP:URI="i0-1.mp4"',
      '#EXTINF:2.00000,',
      '#EXT-X-BYTERANGE:500@0',
      's0-1.m4s',
      '#EXT-X-GAP',
      '#EXTINF:1.50000,',
      'gap1.m4s',
      '#EXT-X-MAP:URI="i1-2.mp4"',
      '#EXTINF:2.00000,',
      '#EXT-X-BYTERANGE:400@30',
      's2-2.m4s',
      '#EXT-X-ENDLIST',
      '',
    ].join('\n');
    expect(iFrameEntries(playlist, '360p/iframes.m3u8')).toEqual([
      {
        startSec: 0,
        durationSec: 2,
        initPath: '360p/i0-1.mp4',
        path: '360p/s0-1.m4s',
        offset: 0,
        length: 500,
      },
      {
        startSec: 3.5,
        durationSec: 2,
        initPath: '360p/i1-2.mp4',
        path: '360p/s2-2.m4s',
        offset: 30,
        length: 400,
      },
    ]);
  });

  it('are found in the multivariant playlist, the smallest first', () => {
    const line = (size: string, id: string) =>
      `#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,CODECS="avc1.64001f",RESOLUTION=${size},URI="${id}/iframes.m3u8"`;
    const text = ['#EXTM3U', line('1280x720', '720p'), line('640x360', '360p')].join('\n');
    expect(iFrameRenditions(text).map(({ playlistPath }) => playlistPath)).toEqual([
      '360p/iframes.m3u8',
      '720p/iframes.m3u8',
    ]);
  });
});

describe('storyboard', () => {
  it('takes every key frame of a short recording, fewer of a long one', () => {
    expect(planStoryboard(every2Sec(100), { width: 640, height: 360 }).frames).toHaveLength(100);
    const tenMinutes = planStoryboard(every2Sec(300), { width: 640, height: 360 }).frames;
    expect(tenMinutes.map(({ startSec }) => startSec).slice(0, 3)).toEqual([0, 6, 12]);
    expect(planStoryboard(every2Sec(7_200), { width: 640, height: 360 }).frames.length).toBeLessThanOrEqual(
      200,
    );
  });

  it('keeps the shape of the picture', () => {
    expect(planStoryboard([frame(0)], { width: 640, height: 360 }).thumbnail).toEqual({
      width: 160,
      height: 90,
    });
    expect(planStoryboard([frame(0)], { width: 360, height: 640 }).thumbnail).toEqual({
      width: 90,
      height: 160,
    });
  });

  it('says for every time where its picture is', () => {
    const vtt = renderStoryboard(planStoryboard(every2Sec(112), { width: 640, height: 360 }));
    expect(vtt).toContain('WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nstoryboard-1.jpg#xywh=0,0,160,90\n');
    expect(vtt).toContain('00:00:22.000 --> 00:00:24.000\nstoryboard-1.jpg#xywh=160,90,160,90\n');
    expect(vtt).toContain('00:03:20.000 --> 00:03:22.000\nstoryboard-2.jpg#xywh=0,0,160,90\n');
  });
});

describe('poster', () => {
  const grey = { mean: 120, deviation: 40 };
  const black = { mean: 16, deviation: 0.5 };
  it('is the picture nearest to a tenth that shows something', () => {
    expect(choosePoster(Array.from({ length: 20 }, () => grey))).toBe(2);
    expect(choosePoster([black, black, black, grey, ...Array.from({ length: 16 }, () => black)])).toBe(3);
    expect(choosePoster([black, black])).toBe(0);
  });
  it('is judged by the luma plane alone', () => {
    const picture = Uint8Array.from([...Array.from({ length: 8 }, (_, at) => (at % 2) * 200), 1, 2, 3, 4]);
    expect(lumaOf(picture, 8)).toEqual({ mean: 100, deviation: 100 });
  });
});
