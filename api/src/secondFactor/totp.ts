import { Secret, TOTP } from 'otpauth';

const periodSec = 30;
/** Clocks of phones may be this many steps off. */
const window = 1;

/** 160 random bits in base32, as RFC 4226 (section 4) recommends. */
export function newTotpSecret(): string {
  return new Secret({ size: 20 }).base32;
}

/** What authenticator apps take from a QR code. */
export function totpUri(secret: string, username: string): string {
  return totpOf(secret, username).toString();
}

/** Number of the step (RFC 6238) that the code belongs to, at a time or next to it; null when it is of none. */
export function stepOfCode(secret: string, code: string, at: number): number | null {
  if (!/^\d{6}$/.test(code)) return null;
  const delta = totpOf(secret).validate({ token: code, timestamp: at, window });
  return delta === null ? null : Math.floor(at / 1_000 / periodSec) + delta;
}

/** The algorithm, length and period that all authenticator apps know. */
function totpOf(secret: string, label = ''): TOTP {
  const issuer = 'Maydan';
  return new TOTP({
    issuer,
    label,
    secret: Secret.fromBase32(secret),
    algorithm: 'SHA1',
    digits: 6,
    period: periodSec,
  });
}
