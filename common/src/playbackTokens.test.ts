import { mintPlaybackToken, originUser, readPlaybackToken } from './playbackTokens.ts';

const secret = 's'.repeat(32);
const grant = { playbackId: 'abcdefghijklmnop', userId: '0192f0c1-0000-7000-8000-000000000001' };
const hourMs = 3_600_000;
const at = Date.parse('2026-05-01T12:00:00Z');

it('a playback token names its user, for its playback alone', () => {
  const token = mintPlaybackToken(secret, grant, at);
  expect(token).toMatch(/^[\w.-]+$/);
  expect(readPlaybackToken(secret, grant.playbackId, token, at)).toBe(grant.userId);
  expect(() => readPlaybackToken(secret, 'ponmlkjihgfedcba', token, at)).toThrow('not valid');
  expect(() => readPlaybackToken('t'.repeat(32), grant.playbackId, token, at)).toThrow('not valid');
  const [, ...rest] = token.split('.');
  for (const forged of ['', '.', token.slice(1), `${token}x`, [originUser, ...rest].join('.')])
    expect(() => readPlaybackToken(secret, grant.playbackId, forged, at)).toThrow('not valid');
  const ours = mintPlaybackToken(secret, { ...grant, userId: originUser }, at);
  expect(readPlaybackToken(secret, grant.playbackId, ours, at)).toBe(originUser);
});

it('a playback token is good for 12 to 24 hours and stays the same for hours', () => {
  const token = mintPlaybackToken(secret, grant, at);
  expect(readPlaybackToken(secret, grant.playbackId, token, at + 12 * hourMs)).toBe(grant.userId);
  expect(() => readPlaybackToken(secret, grant.playbackId, token, at + 24 * hourMs + 1)).toThrow('expired');
  const minted = Array.from({ length: 25 }, (_, hour) =>
    mintPlaybackToken(secret, grant, at + hour * hourMs),
  );
  expect(new Set(minted).size).toBe(3);
});
