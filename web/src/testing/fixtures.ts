import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { channel, session } from '@maydan/contracts';
import type { Session } from '@maydan/contracts';
import { audioSource, videoSource } from '../../../tests/support/publish/testPattern.ts';

const run = promisify(execFile);
/** Long enough to play on while a slow machine tries something. */
export const recordingSec = 30;
const tiles = 5;
const tileSec = recordingSec / tiles;

/** A recording as ffmpeg makes one: two video renditions, an audio group, CMAF segments of 2 s with dates. */
export async function makeRecording(folder: string): Promise<void> {
  const pattern = { width: 320, height: 180, frameRate: 30 };
  await run(
    'ffmpeg',
    [
      ...[
        '-v',
        'error',
        '-f',
        'lavfi',
        '-i',
        videoSource(pattern),
        '-f',
        'lavfi',
        '-i',
        audioSource(pattern),
      ],
      ...['-t', String(recordingSec), '-map', '0:v', '-map', '0:v', '-map', '1:a'],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '60', '-keyint_min', '60', '-sc_threshold', '0'],
      ...['-pix_fmt', 'yuv420p', '-filter:v:1', 'scale=160:90', '-b:v:0', '400k', '-b:v:1', '150k'],
      ...['-c:a', 'aac', '-b:a', '96k', '-f', 'hls', '-hls_time', '2', '-hls_playlist_type', 'vod'],
      ...['-hls_segment_type', 'fmp4', '-hls_flags', 'program_date_time+independent_segments'],
      ...['-master_pl_name', 'index.m3u8', '-hls_segment_filename', '%v/s%d.m4s'],
      ...[
        '-var_stream_map',
        'v:0,agroup:a,name:180p v:1,agroup:a,name:90p a:0,agroup:a,default:yes,name:audio',
      ],
      '%v/index.m3u8',
    ],
    { cwd: folder },
  );
  await run(
    'ffmpeg',
    [
      ...['-v', 'error', '-f', 'lavfi', '-i', videoSource(pattern), '-t', String(recordingSec)],
      ...['-vf', `fps=1/${tileSec},scale=160:90,tile=${tiles}x1`, '-frames:v', '1', 'storyboard-0.jpg'],
      ...['-map', '0:v', '-frames:v', '1', '-ss', '0.5', 'poster.jpg'],
    ],
    { cwd: folder },
  );
  const at = (nth: number): string => `00:${String(nth * tileSec).padStart(2, '0')}.000`;
  const cues = Array.from(
    { length: tiles },
    (_, nth) => `${at(nth)} --> ${at(nth + 1)}\nstoryboard-0.jpg#xywh=${nth * 160},0,160,90\n`,
  );
  await writeFile(join(folder, 'storyboard.vtt'), `WEBVTT\n\n${cues.join('\n')}`);
}

export const hostFixture = {
  id: '5a0f7ab2-6c41-4b60-9c6f-0d6f6f6c1a11',
  username: 'salma',
  displayName: 'سلمى Salma',
};
export const sessionId = '0d6b2c76-6a39-4e4d-8a1b-2f1f6f1a2b3c';

/** A session as the api would give it; the contracts' schema says if it isn't. */
export function sessionFixture(hlsUrl: string, change: Partial<Session> = {}): Session {
  const startedAt = new Date(Date.now() - 5 * 60_000).toISOString();
  return session.parse({
    id: sessionId,
    host: hostFixture,
    title: 'Evening in the square · مساء في الميدان',
    description: 'Music and talk, every Thursday.\nموسيقى وحديث كل خميس.',
    type: 'video',
    category: 'music',
    tags: ['oud', 'عود', 'live'],
    visibility: 'public',
    privateFor: 'invited',
    stageLayout: 'grid',
    state: 'live',
    endReason: null,
    scheduledStartAt: null,
    createdAt: startedAt,
    startedAt,
    endedAt: null,
    durationMs: null,
    viewers: { concurrent: 0, peak: 0, unique: 0, watchTimeSec: 0, reactions: 0 },
    recording: 'none',
    playback: {
      playbackId: 'testplayback0001',
      hlsUrl,
      playable: true,
      posterUrl: null,
      storyboardUrl: null,
    },
    ...change,
  });
}

/** The recording of the fixture session, with its pictures. */
export function recordingFixture(mediaUrl: string, change: Partial<Session> = {}): Session {
  const live = sessionFixture(`${mediaUrl}/index.m3u8`);
  return session.parse({
    ...live,
    state: 'ended',
    endReason: 'hostEnded',
    endedAt: new Date().toISOString(),
    durationMs: recordingSec * 1000,
    recording: 'available',
    playback: {
      ...live.playback,
      posterUrl: `${mediaUrl}/poster.jpg`,
      storyboardUrl: `${mediaUrl}/storyboard.vtt`,
    },
    ...change,
  });
}

export function channelFixture(live: Session | null, latestRecording: Session | null) {
  return channel.parse({ user: hostFixture, live, latestRecording });
}
