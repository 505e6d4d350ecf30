import { createHmac } from 'node:crypto';

/**
 * A signature of Standard Webhooks (standardwebhooks.com, "Symmetric"): version 1, HMAC-SHA-256 over id, time and body with the
 * bytes that the secret has in base64 behind `whsec_`.
 */
export function signMessage(
  secret: string,
  { id, timestampSec, body }: { readonly id: string; readonly timestampSec: number; readonly body: Buffer },
): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const mac = createHmac('sha256', key).update(`${id}.${timestampSec}.`).update(body).digest('base64');
  return `v1,${mac}`;
}
