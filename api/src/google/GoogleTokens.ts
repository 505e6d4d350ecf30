import { AppError, type Logger } from '@maydan/common';
import { OAuth2Client } from 'google-auth-library';
import { z } from 'zod';
import { JsonWebKeys } from './JsonWebKeys.ts';

export interface GoogleOptions {
  /** Client ids whose ID tokens are taken (`aud`). Without one, nobody signs in this way. */
  readonly clientIds: string[];
  readonly issuers: string[];
  /** Address of the issuer's JSON Web Key Set. */
  readonly keysUrl: string;
}

const header = z.object({ alg: z.literal('RS256'), kid: z.string().min(1).max(200) });
const claims = z.object({
  sub: z.string().min(1).max(255),
  email: z.string().max(254).pipe(z.email()).optional(),
  email_verified: z.union([z.boolean(), z.enum(['true', 'false'])]).optional(),
  name: z.string().optional(),
});

/** Who an ID token says its bearer is. */
export interface GoogleProfile {
  /** Google's id of the person; the only thing that never changes. */
  readonly subject: string;
  /** In lower case; null unless the issuer has verified it. */
  readonly email: string | null;
  readonly name: string | null;
}

/** Verifies Google's ID tokens (OpenID Connect Core §3.1.3.7) with google-auth-library. */
export class GoogleTokens {
  readonly #options: GoogleOptions;
  readonly #keys: JsonWebKeys;
  readonly #client = new OAuth2Client();

  constructor(options: GoogleOptions, logger: Logger) {
    this.#options = options;
    this.#keys = new JsonWebKeys(options.keysUrl, logger);
  }

  /**
   * Throws `token_invalid` for anything but a token of the issuer, for us, signed by RS256 and in its time (5 minutes of
   * clock skew); `unavailable` when the keys can't be had; `not_found` where this way of signing in isn't set up.
   */
  async verify(idToken: string): Promise<GoogleProfile> {
    if (this.#options.clientIds.length === 0) {
      throw new AppError('not_found', 'Signing in with Google is not set up here.');
    }
    const keys = await this.#keys.forKey(keyIdOf(idToken));
    const { clientIds, issuers } = this.#options;
    try {
      const ticket = await this.#client.verifySignedJwtWithCertsAsync(idToken, keys, clientIds, issuers);
      const { sub, email, email_verified: verified, name } = claims.parse(ticket.getPayload());
      const isVerified = verified === true || verified === 'true';
      return { subject: sub, email: isVerified ? (email?.toLowerCase() ?? null) : null, name: name ?? null };
    } catch {
      // The library's messages contain the token.
      throw new AppError('token_invalid');
    }
  }
}

/** The header decides nothing but which key is taken: its algorithm must be the one we expect. */
function keyIdOf(idToken: string): string {
  try {
    const text = Buffer.from(idToken.split('.')[0] ?? '', 'base64url').toString();
    return header.parse(JSON.parse(text)).kid;
  } catch {
    throw new AppError('token_invalid');
  }
}
