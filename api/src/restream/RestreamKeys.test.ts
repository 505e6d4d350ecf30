import { RestreamKeys } from './RestreamKeys.ts';
import { restreamSecrets } from './restreamSecrets.ts';

const access = 'a1'.repeat(20);
const [first, second] = [
  { id: 'one', secret: 'b2'.repeat(20) },
  { id: 'two', secret: 'c3'.repeat(20) },
];

describe('stream keys of restream targets', () => {
  it('are sealed differently each time, and opened for their target alone', () => {
    const keys = new RestreamKeys([first], access);
    const sealed = keys.seal('t1', 'live_123');
    expect(sealed.keyId).toBe('one');
    expect(JSON.stringify(sealed)).not.toContain('live_123');
    expect(keys.seal('t1', 'live_123').sealedKey).not.toBe(sealed.sealedKey);
    expect(keys.open('t1', sealed)).toBe('live_123');
    expect(keys.open('t2', sealed)).toBeNull();
    expect(keys.open('t1', { ...sealed, sealedKey: sealed.sealedKey.slice(0, -4) })).toBeNull();
    expect(keys.open('t1', { ...sealed, sealedKey: '' })).toBeNull();
  });

  it('go on to be opened when another secret comes first, until theirs is taken away', () => {
    const sealed = new RestreamKeys([first], access).seal('t', 'key');
    const rotated = new RestreamKeys([second, first], access);
    expect(rotated.open('t', sealed)).toBe('key');
    expect(rotated.isCurrent(sealed)).toBe(false);
    expect(rotated.isCurrent(rotated.seal('t', 'key'))).toBe(true);
    expect(new RestreamKeys([second], access).open('t', sealed)).toBeNull();
  });

  it('are sealed with the secret of access tokens while there is no other', () => {
    const sealed = new RestreamKeys([], access).seal('t', 'key');
    expect(sealed.keyId).toBe('access');
    expect(new RestreamKeys([first], access).open('t', sealed)).toBe('key');
    expect(new RestreamKeys([], 'd4'.repeat(20)).open('t', sealed)).toBeNull();
  });

  it('have secrets that are named, different and long', () => {
    expect(restreamSecrets.parse(`one:${first.secret}, two:${second.secret},`)).toEqual([first, second]);
    expect(restreamSecrets.parse('')).toEqual([]);
    for (const text of [
      first.secret,
      `one:short`,
      `ONE:${first.secret}`,
      `access:${first.secret}`,
      `one:${first.secret},one:${second.secret}`,
    ]) {
      expect(restreamSecrets.safeParse(text).success).toBe(false);
    }
  });
});
