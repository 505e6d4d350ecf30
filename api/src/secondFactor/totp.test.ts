import { newTotpSecret, stepOfCode, totpUri } from './totp.ts';

/** `12345678901234567890`, the secret of RFC 6238's appendix B; its codes have two digits more in front. */
const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

describe('codes by time', () => {
  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('are those of RFC 6238 at %i s', (atSec, code) => {
    expect(stepOfCode(secret, code, atSec * 1_000)).toBe(Math.floor(atSec / 30));
  });

  it('are taken one step early or late, and are known by their own step', () => {
    const steps = [-60, -30, 0, 30, 60].map((shiftSec) =>
      stepOfCode(secret, '005924', (1_234_567_890 + shiftSec) * 1_000),
    );
    expect(steps).toEqual([null, 41_152_263, 41_152_263, 41_152_263, null]);
  });

  it('are six digits and nothing else', () => {
    for (const code of ['', '5924', '0005924', ' 05924', '00592x', '٠٠٥٩٢٤']) {
      expect(stepOfCode(secret, code, 1_234_567_890_000)).toBeNull();
    }
  });

  it('come of secrets of 160 bits, which apps are told by an address', () => {
    const own = newTotpSecret();
    expect(own).toMatch(/^[A-Z2-7]{32}$/);
    expect(newTotpSecret()).not.toBe(own);
    const uri = new URL(totpUri(own, 'ann'));
    expect([uri.protocol, uri.host, decodeURIComponent(uri.pathname)]).toEqual([
      'otpauth:',
      'totp',
      '/Maydan:ann',
    ]);
    expect(uri.searchParams.get('secret')).toBe(own);
    expect(uri.searchParams.get('issuer')).toBe('Maydan');
  });
});
