import { jest } from '@jest/globals';
import { hashPassword, verifyPassword } from './password.ts';
import { PasswordThread } from './PasswordThread.ts';
import { hashSecret, newSecret, newStreamKey, streamKeyHint } from './secrets.ts';

// Other work may keep the machine busy.
jest.setTimeout(60_000);

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
  });
});

describe('the thread that checks passwords', () => {
  const thread = new PasswordThread();
  afterAll(() => thread.close());

  it('hashes and checks as everybody else', async () => {
    const hash = await thread.hash('correct horse');
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await verifyPassword(hash, 'correct horse')).toBe(true);
    expect(await thread.verify(await hashPassword('correct horse'), 'correct horse')).toBe(true);
    expect(await thread.verify(hash, 'correct horsf')).toBe(false);
    for (const stored of [null, '', 'not a hash']) {
      expect(await thread.verify(stored, 'nobody has this password')).toBe(false);
    }
  });

  it('says so when it ends meanwhile, and begins anew', async () => {
    const hash = await thread.hash('correct horse');
    // Not even begun by then; one that has begun may still answer.
    const fresh = new PasswordThread();
    const checked = fresh.verify(hash, 'correct horse');
    const closed = fresh.close();
    await expect(checked).rejects.toThrow('ended');
    await closed;
    expect(await fresh.verify(hash, 'correct horse')).toBe(true);
    await fresh.close();
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
