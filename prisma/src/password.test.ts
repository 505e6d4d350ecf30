import { hashPassword, verifyNothing, verifyPassword } from './password.ts';
import { hashSecret, newSecret, newStreamKey, streamKeyHint } from './secrets.ts';

describe('password hash', () => {
  it('is Argon2id with its parameters and a salt of its own', async () => {
    const [one, two] = await Promise.all([hashPassword('correct horse'), hashPassword('correct horse')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(one).not.toBe(two);
    expect(await verifyPassword(one, 'correct horse')).toBe(true);
    expect(await verifyPassword(one, 'correct horsf')).toBe(false);
  });

  it('lets nobody in when there is none', async () => {
    expect(await verifyPassword('', '')).toBe(false);
    expect(await verifyPassword('not a hash', 'not a hash')).toBe(false);
    expect(await verifyNothing('nobody has this password')).toBe(false);
  });
});

describe('secrets', () => {
  it('are long, unlike each other and safe in a URL', () => {
    const keys = Array.from({ length: 100 }, newStreamKey);
    expect(new Set(keys).size).toBe(100);
    for (const key of keys) expect(key).toMatch(/^mk_[A-Za-z0-9]{40}$/);
    expect(newSecret(16)).toHaveLength(16);
  });

  it('show little of themselves', () => {
    expect(streamKeyHint('mk_ABCDEFGH')).toBe('ABCD');
    expect(hashSecret('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
