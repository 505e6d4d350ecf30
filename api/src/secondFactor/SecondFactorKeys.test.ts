import { SecondFactorKeys } from './SecondFactorKeys.ts';

const keys = new SecondFactorKeys('s'.repeat(40));

describe('sealed secrets', () => {
  it('are opened by the same installation for the same user alone', () => {
    const sealed = keys.seal('ann', 'SECRET');
    expect(keys.open('ann', sealed)).toBe('SECRET');
    expect(keys.seal('ann', 'SECRET')).not.toBe(sealed);
    expect(sealed).not.toContain('SECRET');
    expect(() => keys.open('bob', sealed)).toThrow();
    expect(() => new SecondFactorKeys('t'.repeat(40)).open('ann', sealed)).toThrow();
  });

  it('are refused when a byte of them was changed or lost', () => {
    const bytes = Buffer.from(keys.seal('ann', 'SECRET'), 'base64url');
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => keys.open('ann', changed.toString('base64url'))).toThrow();
    }
    for (const length of [0, 12, 20, 28]) {
      expect(() => keys.open('ann', bytes.subarray(0, length).toString('base64url'))).toThrow();
    }
  });
});

describe('recovery codes', () => {
  it('are the same however they are typed, and each user’s own', () => {
    const hash = keys.hashCode('ann', 'abcde-12345');
    for (const typed of ['ABCDE12345', ' abcde 12345 ']) expect(keys.hashCode('ann', typed)).toBe(hash);
    expect(keys.hashCode('bob', 'abcde-12345')).not.toBe(hash);
    expect(new SecondFactorKeys('t'.repeat(40)).hashCode('ann', 'abcde-12345')).not.toBe(hash);
  });
});
