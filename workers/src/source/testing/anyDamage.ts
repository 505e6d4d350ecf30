import { Buffer } from 'node:buffer';
import fc from 'fast-check';

/** Cuts bytes and changes one of them, in many ways: `parse` may throw RangeError of it, and nothing else. */
export function expectOnlyRangeErrors(hex: string, parse: (bytes: Uint8Array) => unknown): void {
  const whole = Buffer.from(hex, 'hex');
  const anyDamage = fc.property(
    fc.nat(whole.length - 1),
    fc.nat(255),
    fc.nat(whole.length),
    (at, byte, keep) => {
      const damaged = Buffer.from(whole);
      damaged[at] = byte;
      try {
        parse(damaged.subarray(0, keep));
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    },
  );
  fc.assert(anyDamage, { numRuns: 100 });
}
