import { Buffer } from 'node:buffer';

export interface Timing {
  readonly unitsInTick: number;
  readonly timeScale: number;
}

/** A parameter set whose VUI says another timing; it has to say the first one. Without emulation prevention, so not for a decoder. */
export function withTiming(nal: Uint8Array, said: Timing, wanted: Timing): Buffer {
  const raw = Buffer.from(
    Buffer.from(nal)
      .toString('hex')
      .replaceAll(/((?:..)*?0000)03/g, '$1'),
    'hex',
  );
  const bits = [...raw].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const before = bitsOf(said);
  if (bits.split(before).length !== 2) throw new Error('it does not say so, or more than once');
  const bytes = bits.replace(before, bitsOf(wanted)).match(/.{8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)));
}

const bitsOf = ({ unitsInTick, timeScale }: Timing): string =>
  [unitsInTick, timeScale].map((value) => value.toString(2).padStart(32, '0')).join('');
