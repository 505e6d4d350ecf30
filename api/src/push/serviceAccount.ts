import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const loopback = ['localhost', '127.0.0.1', '[::1]'];

/** An address to which secrets may be sent: over TLS, or to this machine. */
export const secureUrl = z.url().refine((text) => {
  const url = URL.parse(text);
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback.includes(url.hostname));
}, 'must start with https://');

/** An account of a program at Google, with the private key that it proves itself by. */
export interface ServiceAccount {
  readonly projectId: string;
  readonly clientEmail: string;
  readonly privateKey: KeyObject;
  readonly privateKeyId: string | undefined;
  /** Where assertions are exchanged for access tokens. */
  readonly tokenUrl: string;
}

/** What is said about a bad key tells nothing of it. */
const rsaKey = z.string().transform((pem, context) => {
  const key = privateKeyOf(pem);
  if (key?.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2_048) return key;
  context.addIssue('is not an RSA private key of 2048 bits or more');
  return z.NEVER;
});

/** As the Google Cloud console gives it out. */
const keyFile = z.object({
  type: z.literal('service_account'),
  project_id: z.string().regex(/^[\w.:-]{1,100}$/, 'is not the id of a project'),
  client_email: z.email(),
  private_key: rsaKey,
  private_key_id: z.string().min(1).max(200).optional(),
  token_uri: secureUrl.default('https://oauth2.googleapis.com/token'),
});

/** The JSON text of a service account's key. */
export const serviceAccount = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      // The reason would show a piece of it.
      context.addIssue('is not JSON');
      return z.NEVER;
    }
  })
  .pipe(keyFile)
  .transform((key): ServiceAccount => ({
    projectId: key.project_id,
    clientEmail: key.client_email,
    privateKey: key.private_key,
    privateKeyId: key.private_key_id,
    tokenUrl: key.token_uri,
  }));

/** The path of a file with such a text. */
export const serviceAccountFile = z
  .string()
  .transform((path, context): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      context.addIssue('is not a file that can be read');
      return z.NEVER;
    }
  })
  .pipe(serviceAccount);

function privateKeyOf(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem);
  } catch {
    return null;
  }
}
