import type { OpusDecoder } from 'opus-decoder';
import { opusDurationMs } from './opusDuration.ts';

const nothing = new Uint8Array(0);
const samplesPerMs = 48;

export interface Sound {
  readonly left: Float32Array;
  readonly right: Float32Array;
}

/**
 * Decodes one stream of Opus to stereo at 48 kHz. In this process: a packet costs some tens of microseconds, a process per
 * microphone would cost more, and what is lost has to be concealed with the decoder's own state.
 */
export class OpusTrack {
  readonly #decoder: OpusDecoder;

  static async create(): Promise<OpusTrack> {
    // Of the services, only those that listen load it.
    const { OpusDecoder: Decoder } = await import('opus-decoder');
    const decoder = new Decoder({ channels: 2, preSkip: 0 });
    await decoder.ready;
    return new OpusTrack(decoder);
  }

  private constructor(decoder: OpusDecoder) {
    this.#decoder = decoder;
  }

  /** Null for what is no Opus packet. */
  decode(packet: Uint8Array): Sound | null {
    if (opusDurationMs(packet) === null) return null;
    return this.#run(packet, Infinity);
  }

  /** What a lost packet is likely to have held: the sound before goes on and fades. */
  conceal(durationMs: number): Sound | null {
    return this.#run(nothing, Math.round(durationMs * samplesPerMs));
  }

  close(): void {
    this.#decoder.free();
  }

  #run(packet: Uint8Array, most: number): Sound | null {
    const { channelData, samplesDecoded } = this.#decoder.decodeFrame(packet);
    const [left, right] = channelData;
    const count = Math.min(samplesDecoded, most);
    if (left === undefined || right === undefined || count === 0) return null;
    // The decoder made these arrays for us.
    return { left: left.subarray(0, count), right: right.subarray(0, count) };
  }
}
