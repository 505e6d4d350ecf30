import { readParameterSets, withParameterSets } from './parameterSets.ts';

const sps = [0x67, 1, 2, 3];
const pps = [0x68, 4];
const avcC = Buffer.from([1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 4, ...sps, 1, 0, 2, ...pps]);
const unit = (...bytes: number[]): Buffer => Buffer.from([0, 0, 0, bytes.length, ...bytes]);

describe('parameter sets in key frames', () => {
  const sets = readParameterSets(avcC);

  it('are those of the init segment, with lengths', () => {
    expect(sets).toEqual({ bytes: Buffer.concat([unit(...sps), unit(...pps)]), lengthSize: 4 });
  });

  it('come before the picture and after a delimiter', () => {
    const picture = unit(0x65, 9, 9);
    const delimiter = unit(0x09, 0xf0);
    expect(withParameterSets(picture, sets)).toEqual(Buffer.concat([sets.bytes, picture]));
    expect(withParameterSets(Buffer.concat([delimiter, picture]), sets)).toEqual(
      Buffer.concat([delimiter, sets.bytes, picture]),
    );
  });

  it('are not doubled', () => {
    const whole = Buffer.concat([unit(0x09, 0xf0), unit(0x67, 7), unit(0x65, 9)]);
    expect(withParameterSets(whole, sets)).toBe(whole);
  });
});
