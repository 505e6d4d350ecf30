import type { LegPlan } from '../ladder/planLeg.ts';
import { legArguments } from './legArguments.ts';

const audio = { id: 'audio', kind: 'audio', bitrateBps: 128_000 } as const;
const copyTop: LegPlan = {
  renditions: [
    { id: '1080p', kind: 'copy', width: 1920, height: 1080 },
    { id: '720p', kind: 'encode', width: 1280, height: 720, bitrateBps: 2_500_000 },
    { id: '360p', kind: 'encode', width: 640, height: 360, bitrateBps: 600_000 },
    audio,
  ],
  keyFrames: 'source',
  frames: 'passthrough',
  frameRate: 30,
  deinterlace: false,
};
const encodeAll: LegPlan = {
  ...copyTop,
  renditions: [{ id: '720p', kind: 'encode', width: 1280, height: 720, bitrateBps: 3_500_000 }, audio],
  keyFrames: 'every2Sec',
  frames: 30000 / 1001,
  frameRate: 30000 / 1001,
};
const atOnce = { format: 'flv', originSec: 10.5, startSec: 10.5 } as const;
const mp4 =
  '-f mp4 -movflags +frag_every_frame+empty_moov+default_base_moof+frag_discont -use_editlist 0 -avoid_negative_ts disabled -flush_packets 1';
const optionsOf = (plan: LegPlan, id: string, cores = 4): string =>
  legArguments(plan, atOnce, cores)
    .outputs.find((output) => output.id === id)
    ?.options.join(' ') ?? 'none';

describe('legArguments', () => {
  it('reads FLV with absolute times and without a long analysis', () => {
    expect(legArguments(copyTop, atOnce, 4).inputOptions.join(' ')).toBe(
      '-hide_banner -loglevel warning -stats -stats_period 1 -copyts -itsoffset 10.500000 -fpsprobesize 0 ' +
        '-probesize 500000 -analyzeduration 500000 -threads 1 -f flv',
    );
  });

  it('copies the top and encodes the others at the key frames of the source, times untouched', () => {
    expect(legArguments(copyTop, atOnce, 4).filterGraph).toBe(
      '[0:v:0]scale=1280:720,setsar=1,format=yuv420p,split[v720p][next1];[next1]scale=640:360[v360p]',
    );
    expect(optionsOf(copyTop, '1080p')).toBe(`-map 0:v:0 -c:v copy -video_track_timescale 90000 ${mp4}`);
    expect(optionsOf(copyTop, '720p')).toBe(
      '-map [v720p] -c:v libx264 -preset veryfast -tune zerolatency -profile:v high -bf 0 -sc_threshold 0 -g 600 ' +
        '-force_key_frames source -b:v 2500000 -maxrate 2750000 -bufsize 2500000 -threads 2 ' +
        '-x264-params sliced-threads=0 -fps_mode passthrough -enc_time_base 1/90000 ' +
        `-video_track_timescale 90000 ${mp4}`,
    );
    expect(optionsOf(copyTop, '360p')).toContain('-profile:v main');
    expect(optionsOf(copyTop, '360p')).toContain('-threads 1');
    expect(optionsOf(copyTop, 'audio')).toBe(
      `-map 0:a:0 -af aresample=48000:async=1000 -c:a aac -b:a 128000 -ar 48000 -ac 2 ${mp4}`,
    );
  });

  it('encodes all with key frames every 2 s at a constant frame rate', () => {
    expect(legArguments(encodeAll, atOnce, 4).filterGraph).toBe(
      '[0:v:0]fps=fps=30000/1001,scale=1280:720,setsar=1,format=yuv420p[v720p]',
    );
    expect(optionsOf(encodeAll, '720p')).toContain('-force_key_frames expr:gte(t,n_forced*2)');
    expect(optionsOf(encodeAll, '720p', 1)).toContain('-threads 1');
  });

  it('decodes a run-up without showing it, and takes fields apart when asked', () => {
    const command = legArguments(
      { ...encodeAll, frames: 25, deinterlace: true },
      { format: 'matroska', originSec: 20, startSec: 22.4 },
      4,
    );
    expect(command.filterGraph).toBe(
      '[0:v:0]yadif=deint=interlaced,trim=start=22.390000,fps=fps=25,scale=1280:720,setsar=1,format=yuv420p[v720p]',
    );
    expect(command.inputOptions).toContain('20.000000');
    expect(command.inputOptions.slice(-2)).toEqual(['-f', 'matroska']);
  });

  it('needs no filters for sound alone, or for a copy alone', () => {
    expect(legArguments({ ...copyTop, renditions: [audio] }, atOnce, 4)).toMatchObject({
      filterGraph: null,
      outputs: [{ id: 'audio' }],
    });
  });
});
