import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '@maydan/infra';
import { layoutOf } from '../../../workers/src/stage/compose/layout.ts';
import { labelHeightFor } from '../../../workers/src/stage/compose/Labels.ts';
import { stagePlan } from '../../../workers/src/stage/stagePlan.ts';
import type { Clip } from '../../../workers/src/stage/testing/clip.ts';
import { payloadTypes, Person } from '../../../workers/src/stage/testing/Person.ts';
import { FlvMeter } from './FlvMeter.ts';

/** What is composed, the same by ours and by the baseline. */
export interface Scene {
  readonly people: readonly { readonly name: string; readonly clip: Clip }[];
  readonly height: number;
  readonly frameRate: number;
}

export interface Running {
  /** The process whose tree is measured. */
  readonly pid: number;
  readonly meter: FlvMeter;
  close(): Promise<void>;
}

/**
 * The baseline: one ffmpeg that receives the same RTP, puts everybody into the same grid with the same labels, mixes the
 * sound and encodes with the same settings, with the thread counts that cost least.
 */
export async function startBare(scene: Scene, folder: string): Promise<Running> {
  const people: Person[] = [];
  const files: string[] = [];
  for (const [at, { clip }] of scene.people.entries()) {
    const [video, audio] = [await freePort(), await freePort()];
    const file = join(folder, `person-${at}.sdp`);
    await writeFile(file, sdp(clip, video, audio));
    files.push(file);
    people.push(new Person({ clip, video, audio }));
  }
  const args = [
    ...files.flatMap(inputArguments),
    '-filter_complex',
    filters(scene),
    ...outputArguments(scene),
  ];
  const child = spawn('ffmpeg', ['-hide_banner', '-nostdin', '-loglevel', 'error', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // It complains until each camera has sent its first key frame.
  child.stderr.resume();
  return {
    pid: child.pid ?? 0,
    meter: new FlvMeter(child.stdout),
    close: async () => {
      for (const person of people) person.close();
      await stopped(child);
    },
  };
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

const inputArguments = (file: string): string[] => [
  ...['-protocol_whitelist', 'file,udp,rtp', '-thread_queue_size', '512', '-threads', '1'],
  ...['-analyzeduration', '1000000', '-i', file],
];

/** RFC 8866; ffmpeg finds the picture's size in its first key frame. */
function sdp({ codec }: Clip, videoPort: number, audioPort: number): string {
  const { video, audio } = payloadTypes;
  const name = codec === 'h264' ? 'H264' : 'VP8';
  const format = codec === 'h264' ? [`a=fmtp:${video} packetization-mode=1`] : [];
  return [
    ...['v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0'],
    ...[`m=video ${videoPort} RTP/AVP ${video}`, `a=rtpmap:${video} ${name}/90000`, ...format],
    ...[`m=audio ${audioPort} RTP/AVP ${audio}`, `a=rtpmap:${audio} opus/48000/2`, ''],
  ].join('\n');
}

function filters({ people, height, frameRate }: Scene): string {
  const size = { width: (height * 16) / 9, height };
  const shown = people.map((_, at) => ({
    ...{ peerId: String(at), isHost: at === 0, sharesScreen: false, hasCamera: true },
  }));
  const tiles = layoutOf(shown, size, 'grid');
  const scaled = tiles.map((tile, at) => {
    const label = labelHeightFor(tile.height);
    const text = `drawtext=font='DejaVu Sans':text='${people[at]?.name ?? ''}':fontsize=${label}:fontcolor=white`;
    const box = `box=1:boxcolor=black@0.57:boxborderw=6:x=6:y=h-${Math.round(label * 1.9)}`;
    return `[${at}:v]scale=${tile.width}:${tile.height}:flags=bilinear,setpts=PTS-STARTPTS,fps=${frameRate},${text}:${box}[v${at}]`;
  });
  const places = tiles.map(({ x, y }) => `${x}_${y}`).join('|');
  const pictures = tiles.map((_, at) => `[v${at}]`).join('');
  const sounds = tiles.map((_, at) => `[${at}:a]`).join('');
  return [
    ...scaled,
    `${pictures}xstack=inputs=${tiles.length}:layout=${places}:fill=black,pad=${size.width}:${size.height}[v]`,
    `${sounds}amix=inputs=${tiles.length}:normalize=0[a]`,
  ].join(';');
}

function outputArguments({ height, frameRate }: Scene): string[] {
  const { picture } = stagePlan(height, frameRate, Number.POSITIVE_INFINITY);
  const bitrate = picture.bitrateBps;
  return [
    ...['-filter_complex_threads', '1', '-map', '[v]', '-map', '[a]', '-pix_fmt', 'yuv420p'],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-profile:v', 'high'],
    ...['-bf', '0', '-sc_threshold', '0', '-g', String(frameRate * 2), '-b:v', String(bitrate)],
    ...['-maxrate', String(Math.round(bitrate * 1.1)), '-bufsize', String(bitrate)],
    ...['-threads', '1', '-x264-params', 'sliced-threads=0'],
    ...['-c:a', 'aac', '-b:a', '128k', '-ar', '48000', '-ac', '2'],
    ...['-flush_packets', '1', '-flvflags', 'no_duration_filesize', '-f', 'flv', 'pipe:1'],
  ];
}
