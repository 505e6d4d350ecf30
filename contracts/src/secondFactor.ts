import { z } from 'zod';
import { latinDigits } from './foldText.ts';
import { deviceName } from './identity.ts';

/** Six digits of the authenticator app, or one of the recovery codes. */
const code = z.string().trim().overwrite(latinDigits).min(6).max(40);

/** Absent for an account without a password, which has to have signed in within 15 minutes. */
const password = z.string().min(1).max(200).optional();

export const secondFactorBeginInput = z.object({ password });
/** Shown once: nobody can read it from us again. */
export const secondFactorSecret = z.object({
  /** Base32 (RFC 4648), to be typed in. */
  secret: z.string(),
  /** The same for a QR code: `otpauth://totp/…`. */
  uri: z.string(),
});
export const secondFactorConfirmInput = z.object({ code });
/** Each signs in once in place of a code; shown once. */
export const recoveryCodes = z.object({ recoveryCodes: z.array(z.string()) });
/** Of what only the person may do who has both factors. */
export const secondFactorProofInput = z.object({ password, code });

/** Details of the error `second_factor_required`. */
export const secondFactorChallenge = z.object({ challenge: z.string(), expiresInSec: z.int() });
export type SecondFactorChallenge = z.infer<typeof secondFactorChallenge>;
export const secondFactorSignInInput = z.object({
  challenge: z.string().min(20).max(2_000),
  code,
  deviceName,
});
