import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { Publisher } from '../support/publish/Publisher.ts';
import { blankPicture, drawTime } from './timestampVideo.ts';

export interface TimestampPublisherOptions {
  readonly url: string;
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
}

const sampleRate = 48_000;
const toneHz = 440;
/** Nothing has to be guessed of raw pictures and sound. */
const known = ['-probesize', '32', '-analyzeduration', '0'];

/**
 * Publishes pictures that show the wall clock at which they were made, as a camera would that films a clock: raw
 * pictures made here in real time, encoded by ffmpeg as OBS would (x264, no B-frames, a key frame a second). The sound is
 * made by the same clock: one of ffmpeg's own begins when ffmpeg has started, and holds the pictures back by that much.
 */
export class TimestampPublisher {
  readonly #publisher: Publisher;
  readonly #sound: Writable;
  readonly #timer: NodeJS.Timeout;
  readonly #startedAt = performance.now();
  readonly #options: TimestampPublisherOptions;
  readonly #picture: Uint8Array;
  #frames = 0;
  #samples = 0;

  constructor(options: TimestampPublisherOptions) {
    this.#options = options;
    this.#picture = blankPicture(options.width, options.height);
    const child = spawn('ffmpeg', publishArguments(options), { stdio: ['pipe', 'ignore', 'pipe', 'pipe'] });
    this.#publisher = new Publisher(child);
    const [, , , sound] = child.stdio;
    if (!sound || !('write' in sound)) throw new Error('ffmpeg has no pipe for sound');
    this.#sound = sound;
    sound.on('error', () => undefined);
    this.#timer = setInterval(() => this.#catchUp(), 4);
  }

  /** Writes every picture that is due; one that ffmpeg can't take yet is still drawn when it is written. */
  #catchUp(): void {
    const due = Math.floor(((performance.now() - this.#startedAt) * this.#options.frameRate) / 1000);
    while (this.#frames < due && this.#publisher.running) {
      drawTime(this.#picture, this.#options.width, this.#options.height, Date.now());
      this.#publisher.stdin.write(Uint8Array.from(this.#picture));
      this.#frames += 1;
      this.#hum((this.#frames * sampleRate) / this.#options.frameRate);
    }
  }

  /** Writes the sound up to a sample. */
  #hum(until: number): void {
    const count = Math.floor(until) - this.#samples;
    const tone = Buffer.alloc(2 * count);
    for (let at = 0; at < count; at += 1) {
      const turns = ((this.#samples + at) * toneHz) / sampleRate;
      tone.writeInt16LE(Math.round(4_000 * Math.sin(2 * Math.PI * turns)), 2 * at);
    }
    this.#samples += count;
    this.#sound.write(tone);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#publisher.stdin.end();
    this.#sound.end();
    await this.#publisher.stop();
  }
}

function publishArguments({ width, height, frameRate, url }: TimestampPublisherOptions): string[] {
  const size = `${width}x${height}`;
  return [
    ...['-hide_banner', '-loglevel', 'warning'],
    ...[...known, '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', size],
    ...['-framerate', String(frameRate), '-i', 'pipe:0'],
    ...[...known, '-f', 's16le', '-ar', String(sampleRate), '-ac', '1', '-i', 'pipe:3'],
    ...['-map', '0:v', '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-threads', '1'],
    ...['-g', String(frameRate), '-b:v', '1500k', '-maxrate', '1500k', '-bufsize', '1500k'],
    ...['-map', '1:a', '-c:a', 'aac', '-b:a', '128k', '-ac', '2', '-flush_packets', '1', '-f', 'flv', url],
  ];
}
