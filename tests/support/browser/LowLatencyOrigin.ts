import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { freePort } from '@maydan/infra';
import type { Rendition } from '../../../workers/src/live/events.ts';
import { LiveWindow } from '../../../workers/src/origin/LiveWindow.ts';
import { OriginServer } from '../../../workers/src/origin/OriginServer.ts';
import { choosePartTarget, Packager } from '../../../workers/src/packager/index.ts';
import { audioSource, videoSource } from '../publish/testPattern.ts';
import { waitFor } from '../waitFor.ts';

const frameRate = 30;
const sizes = [
  { id: '180p', width: 320, height: 180 },
  { id: '90p', width: 160, height: 90 },
] as const;
const video: readonly Rendition[] = sizes.map((size) => ({
  kind: 'video',
  ...size,
  frameRate,
  copied: false,
  bitrateBps: size.height * 2000,
}));
const audio: Rendition = { kind: 'audio', id: 'audio', bitrateBps: 96_000 };

/** ffmpeg's arguments for one leg in real time: one fragmented MP4 per rendition on pipe 3, 4, ... */
function legArguments(renditions: readonly Rendition[], mediaTimeSec: number): string[] {
  const hasVideo = renditions.length > 1;
  const pattern = { width: 320, height: 180, frameRate };
  const fragments = '+frag_every_frame+empty_moov+default_base_moof+frag_discont';
  const outputs = renditions.flatMap((rendition, i) => [
    ...(rendition.kind === 'video'
      ? [
          ...['-map', '0:v', '-vf', `scale=${rendition.width}:${rendition.height}`, '-c:v', 'libx264'],
          ...['-preset', 'ultrafast', '-tune', 'zerolatency', '-threads', '1', '-g', '30'],
          ...['-pix_fmt', 'yuv420p', '-b:v', String(rendition.bitrateBps), '-video_track_timescale', '90000'],
        ]
      : ['-map', hasVideo ? '1:a' : '0:a', '-c:a', 'aac', '-b:a', '96k', '-ac', '2', '-ar', '48000']),
    ...['-output_ts_offset', String(mediaTimeSec), '-use_editlist', '0', '-avoid_negative_ts', 'disabled'],
    ...['-f', 'mp4', '-movflags', fragments, '-flush_packets', '1', `pipe:${i + 3}`],
  ]);
  return [
    ...['-v', 'error', '-nostdin'],
    ...(hasVideo ? ['-re', '-f', 'lavfi', '-i', videoSource(pattern)] : []),
    ...['-re', '-f', 'lavfi', '-i', audioSource(pattern)],
    ...outputs,
  ];
}

export interface LowLatencyOptions {
  /** Only sound. */
  readonly audioOnly?: boolean;
}

/**
 * The real packager and origin, fed by a real ffmpeg with the beep-and-flash pattern: low-latency HLS as viewers
 * get it, without the rest of the services. For tests of the player.
 */
export class LowLatencyOrigin {
  private readonly renditions: readonly Rendition[];
  private readonly window: LiveWindow;
  private readonly packager: Packager;
  private origin: OriginServer | null = null;
  private readonly port: number;
  private encoder: ChildProcess | null = null;
  private leg = 0;

  /** Resolves when the first parts can be played. */
  static async start(options: LowLatencyOptions = {}): Promise<LowLatencyOrigin> {
    // It is listened at again after a while, when a connection of somebody may have taken one of any.
    const port = await freePort();
    const created = new LowLatencyOrigin(options.audioOnly ? [audio] : [...video, audio], port);
    try {
      await created.serve();
      created.startLeg();
      await waitFor('the first parts', () => created.window.ready);
      return created;
    } catch (error) {
      await created.close();
      throw error;
    }
  }

  private constructor(renditions: readonly Rendition[], port: number) {
    this.renditions = renditions;
    this.port = port;
    this.window = new LiveWindow({
      dvrWindowSec: 600,
      memorySec: 120,
      older: { open: () => Promise.resolve(null) },
    });
    this.packager = new Packager({
      renditions,
      targetDurationSec: 2,
      partTargetSec: choosePartTarget(renditions.length > 1 ? frameRate : null, 0.25),
      segmentTargetSec: 2,
      fence: 1,
      onEvent: (event) => this.window.apply(event),
    });
  }

  get hlsUrl(): string {
    return `http://127.0.0.1:${this.port}/hls/testplayback0001/index.m3u8`;
  }

  /** The publisher goes away; the playlist stays live and gets nothing new. */
  async interrupt(): Promise<void> {
    await this.stopEncoder();
    this.packager.endLeg();
  }

  /** The publisher is back: a new leg after a discontinuity. */
  resume(): void {
    this.startLeg();
  }

  /** The broadcast ends: the playlists get their ENDLIST. */
  async end(): Promise<void> {
    await this.stopEncoder();
    this.packager.end();
  }

  /** Nothing listens any more, as when the worker was killed; what it had is kept. */
  async goDown(): Promise<void> {
    await this.origin?.close();
    this.origin = null;
  }

  /** Listens again at the same address. */
  async comeBack(): Promise<void> {
    await this.serve();
  }

  async close(): Promise<void> {
    await this.stopEncoder();
    await this.goDown();
    this.window.close();
  }

  private async serve(): Promise<void> {
    this.origin = await OriginServer.create({
      host: '127.0.0.1',
      port: this.port,
      directory: { find: () => this.window },
    });
  }

  private startLeg(): void {
    const leg = (this.leg += 1);
    const mediaTimeSec = this.packager.timeline?.mediaTimeSec ?? 10;
    const pipes = this.renditions.map(() => 'pipe' as const);
    const encoder = spawn('ffmpeg', legArguments(this.renditions, mediaTimeSec), {
      stdio: ['ignore', 'ignore', 'inherit', ...pipes],
    });
    this.encoder = encoder;
    // ffmpeg takes its time to start; the clock of the media begins with its first bytes.
    const begin = (): void => {
      const expected = this.renditions.map((rendition) => rendition.id);
      this.packager.startLeg({ leg, mediaTimeSec, programDateTimeMs: Date.now(), expected });
    };
    let begun = false;
    this.renditions.forEach(({ id }, i) => {
      const pipe = encoder.stdio[i + 3] as Readable;
      pipe.on('data', (bytes: Buffer) => {
        if (this.encoder !== encoder) return;
        if (!begun) begin();
        begun = true;
        this.packager.write(id, bytes);
      });
    });
  }

  private async stopEncoder(): Promise<void> {
    const { encoder } = this;
    this.encoder = null;
    if (!encoder || encoder.exitCode !== null) return;
    const gone = once(encoder, 'exit');
    encoder.kill('SIGKILL');
    await gone;
  }
}
