import { EventEmitter } from 'node:events';
import type { Logger } from '@maydan/common';
import { FfmpegProcess } from '../../ffmpeg/FfmpegProcess.ts';
import { AdtsReader } from './adts.ts';
import { sampleRateHz } from './PcmTimeline.ts';

export interface AacEncoderEvents {
  /** One raw AAC frame and the number of its first sample. */
  frame: [fromSample: number, data: Uint8Array];
  /** Last event, comes once. `isFault`: nobody asked it to go. */
  closed: [isFault: boolean];
}

const samplesPerFrame = 1_024;
/** ffmpeg's encoder begins with one frame that holds nothing of the input. */
const primingSamples = 1_024;
const bytesPerSample = 4;
const mostWaitingBytes = 4 * sampleRateHz * bytesPerSample;
const bitrate = '128k';

/**
 * AAC-LC, 48 kHz, stereo. One process for the whole of a publish: its sound never restarts. Holes in the input (this process
 * was asleep, the encoder didn't keep up) are holes in the times of the output.
 */
export class AacEncoder extends EventEmitter<AacEncoderEvents> {
  readonly #ffmpeg: FfmpegProcess;
  readonly #reader: AdtsReader;
  /** From which written sample on the input lies where, oldest first. */
  readonly #stretches: { written: number; fromSample: number }[] = [];
  #written = 0;
  #frames = 0;

  constructor(ffmpegPath: string, log: Logger) {
    super();
    this.#reader = new AdtsReader((data) => this.#tell(data));
    this.#ffmpeg = new FfmpegProcess(ffmpegPath, [
      ...['-probesize', '32', '-analyzeduration', '0', '-f', 's16le', '-ar', String(sampleRateHz)],
      ...['-ac', '2', '-i', 'pipe:0', '-c:a', 'aac', '-b:a', bitrate],
      ...['-flush_packets', '1', '-f', 'adts', 'pipe:1'],
    ]);
    this.#ffmpeg.on('data', (bytes) => this.#reader.push(bytes));
    this.#ffmpeg.on('exit', ({ reason, stderrTail }) => {
      if (reason === 'failed') log.error({ stderr: stderrTail }, 'the sound encoder of the stage failed');
      this.emit('closed', reason === 'failed');
    });
  }

  /** `fromSample` goes on where the last write ended, or later. */
  write(fromSample: number, pcm: Uint8Array): void {
    if (this.#ffmpeg.waitingBytes > mostWaitingBytes) return;
    const last = this.#stretches.at(-1);
    if (last === undefined || last.fromSample + this.#written - last.written !== fromSample) {
      this.#stretches.push({ written: this.#written, fromSample });
    }
    this.#written += pcm.length / bytesPerSample;
    this.#ffmpeg.write(pcm);
  }

  async close(): Promise<void> {
    await this.#ffmpeg.kill();
  }

  #tell(data: Uint8Array): void {
    const written = this.#frames * samplesPerFrame - primingSamples;
    this.#frames += 1;
    while ((this.#stretches[1]?.written ?? Infinity) <= written) this.#stretches.shift();
    const stretch = this.#stretches[0];
    if (stretch !== undefined) this.emit('frame', stretch.fromSample + written - stretch.written, data);
  }
}
