import { BitReader, BitWriter } from '@maydan/common';

/** AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1). */
export interface AacConfig {
  readonly record: Uint8Array;
  /** Sampling rate of the sound that comes out, after SBR. */
  readonly sampleRateHz: number;
  readonly channels: number;
  /** Milliseconds of sound in one frame. */
  readonly frameDurationMs: number;
  /** channel_configuration; 0 when the stream describes its channels itself. */
  readonly channelConfig: number;
}

const rates = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];
const sbr = 5;
const parametricStereo = 29;

/** Throws RangeError when the record is cut or senseless. */
export function parseAacConfig(record: Uint8Array): AacConfig {
  const reader = new BitReader(record);
  const signalled = readObjectType(reader);
  const coreRateHz = readRate(reader);
  const channelConfig = reader.bits(4);
  const extended = signalled === sbr || signalled === parametricStereo;
  const sampleRateHz = extended ? readRate(reader) : coreRateHz;
  if (extended) readObjectType(reader);
  const samples = reader.flag() ? 960 : 1024;
  if (channelConfig > 7) throw new RangeError(`AAC channel configuration ${channelConfig}`);
  const coreChannels = channelConfig === 7 ? 8 : channelConfig === 0 ? 2 : channelConfig;
  return {
    record,
    sampleRateHz,
    channels: signalled === parametricStereo ? 2 : coreChannels,
    frameDurationMs: (samples * 1000) / coreRateHz,
    channelConfig,
  };
}

function readObjectType(reader: BitReader): number {
  const type = reader.bits(5);
  return type === 31 ? 32 + reader.bits(6) : type;
}

function readRate(reader: BitReader): number {
  const index = reader.bits(4);
  const rate = index === 15 ? reader.bits(24) : rates[index];
  if (rate === undefined || rate < 4000 || rate > 192_000) throw new RangeError('AAC sampling rate');
  return rate;
}

/** AAC-LC, 48 kHz, stereo: what silence is in when the publisher sends no sound. */
export const silentAacConfig = parseAacConfig(Uint8Array.of(0x11, 0x90));

/** Syntactic elements by channel configuration (Table 1.19): S single channel, P channel pair, L low frequency. */
const elements = ['', 'S', 'P', 'SP', 'SPS', 'SPP', 'SPPL', 'SPPPL'];

/**
 * One raw AAC frame of digital silence in that configuration: every channel has no scale factor bands, so the
 * frame is the same for all sampling rates. Null when the channels are described in the stream itself.
 */
export function silentAacFrame(channelConfig: number): Uint8Array | null {
  const layout = elements[channelConfig];
  if (layout === undefined || layout === '') return null;
  const writer = new BitWriter();
  const tags = { S: 0, P: 0, L: 0 };
  for (const element of layout) {
    if (element === 'P') writer.put(1, 3).put(tags.P++, 4).put(1, 1).put(emptyIcsInfo, 11).put(0, 2);
    else if (element === 'L') writer.put(3, 3).put(tags.L++, 4);
    else writer.put(0, 3).put(tags.S++, 4);
    const channels = element === 'P' ? 2 : 1;
    for (let channel = 0; channel < channels; channel += 1) {
      // global_gain, then ics_info unless the pair shares one, then no pulses, no TNS, no gain control.
      writer.put(0, 8);
      if (element !== 'P') writer.put(emptyIcsInfo, 11);
      writer.put(0, 3);
    }
  }
  return writer.put(7, 3).bytes();
}

/** Long window, no scale factor bands, no prediction: 1 + 2 + 1 + 6 + 1 bits, all zero. */
const emptyIcsInfo = 0;
