import type { Readable } from 'node:stream';
import { waitUntil } from '@maydan/infra';
import { FlvParser } from '../../../workers/src/source/flv/FlvParser.ts';

/** Follows a live FLV and counts what is in it. */
export class FlvMeter {
  readonly #parser = new FlvParser();
  #pictures = 0;
  #pictureMs = 0;
  #sounds = 0;
  #byteLength = 0;

  constructor(stream: Readable) {
    stream.on('error', () => undefined);
    stream.on('data', (bytes: Uint8Array) => this.#read(bytes));
  }

  get pictures(): number {
    return this.#pictures;
  }

  /** Time of the newest picture on the stream's own time line. */
  get pictureMs(): number {
    return this.#pictureMs;
  }

  /** AAC frames, 1,024 samples each. */
  get sounds(): number {
    return this.#sounds;
  }

  /** Bytes of encoded pictures. */
  get pictureBytes(): number {
    return this.#byteLength;
  }

  /** Until the stream has gone on by so much of its own time. */
  async advance(durationMs: number): Promise<void> {
    const untilMs = this.#pictureMs + durationMs;
    await waitUntil(
      'media',
      () => this.#pictures > 0 && this.#pictureMs >= untilMs,
      durationMs * 4 + 60_000,
      20,
    );
  }

  #read(bytes: Uint8Array): void {
    for (const { type, body, timestampMs } of this.#parser.push(bytes)) {
      // Packet type 1: media; 0 would be a configuration.
      if (body[1] !== 1) continue;
      if (type === 'audio') this.#sounds += 1;
      if (type !== 'video') continue;
      this.#pictures += 1;
      this.#byteLength += body.length;
      this.#pictureMs = timestampMs;
    }
  }
}
