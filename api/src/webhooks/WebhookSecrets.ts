import { hkdfSync, randomBytes } from 'node:crypto';
import { seal, unseal } from '../identity/sealing.ts';
import { signMessage } from './signature.ts';

/** Secrets of endpoints, encrypted at rest and bound to their endpoint. */
export class WebhookSecrets {
  readonly #key: Buffer;

  constructor(secret: string) {
    this.#key = Buffer.from(hkdfSync('sha256', secret, '', 'maydan webhook secrets', 32));
  }

  /** A new secret (Standard Webhooks: `whsec_` and the base64 of 24 to 64 bytes), and as it is stored. */
  create(webhookId: string): { secret: string; sealedSecret: string } {
    const secret = `whsec_${randomBytes(32).toString('base64')}`;
    return { secret, sealedSecret: seal(this.#key, webhookId, secret) };
  }

  /** The header `webhook-signature`: a signature for each secret. Throws for what this installation's secret didn't seal. */
  sign(
    webhookId: string,
    sealed: readonly string[],
    message: { readonly id: string; readonly timestampSec: number; readonly body: Buffer },
  ): string {
    return sealed.map((one) => signMessage(unseal(this.#key, webhookId, one), message)).join(' ');
  }
}
