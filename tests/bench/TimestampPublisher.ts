import { Publisher } from '../support/publish/Publisher.ts';
import { blankPicture, drawTime } from './timestampVideo.ts';

export interface TimestampPublisherOptions {
  readonly url: string;
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
}

/**
 * Publishes pictures that show the wall clock at which they were made, as a camera would that films a clock: raw
 * pictures made here in real time, encoded by ffmpeg as OBS would (x264, no B-frames, a key frame a second).
 */
export class TimestampPublisher {
  readonly #publisher: Publisher;
  readonly #timer: NodeJS.Timeout;
  readonly #startedAt = performance.now();
  readonly #options: TimestampPublisherOptions;
  readonly #picture: Uint8Array;
  #frames = 0;

  constructor(options: TimestampPublisherOptions) {
    this.#options = options;
    this.#picture = blankPicture(options.width, options.height);
    const { width, height, frameRate, url } = options;
    this.#publisher = Publisher.run([
      ...[
        '-f',
        'rawvideo',
        '-pix_fmt',
        'yuv420p',
        '-s',
        `${width}x${height}`,
        '-framerate',
        String(frameRate),
        '-i',
        'pipe:0',
      ],
      ...['-re', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000'],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-threads', '1'],
      ...['-g', String(frameRate), '-b:v', '1500k', '-maxrate', '1500k', '-bufsize', '1500k'],
      ...['-c:a', 'aac', '-b:a', '128k', '-ac', '2', '-flush_packets', '1', '-f', 'flv', url],
    ]);
    this.#timer = setInterval(() => this.#catchUp(), 4);
  }

  /** Writes every picture that is due; one that ffmpeg can't take yet is still drawn when it is written. */
  #catchUp(): void {
    const due = Math.floor(((performance.now() - this.#startedAt) * this.#options.frameRate) / 1000);
    while (this.#frames < due && this.#publisher.running) {
      drawTime(this.#picture, this.#options.width, this.#options.height, Date.now());
      this.#publisher.stdin.write(Uint8Array.from(this.#picture));
      this.#frames += 1;
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#publisher.stdin.end();
    await this.#publisher.stop();
  }
}
