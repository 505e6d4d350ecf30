import { createPublicKey } from 'node:crypto';
import { AppError, type Logger } from '@maydan/common';
import { z } from 'zod';
import { readText } from '../http/readText.ts';

const timeoutMs = 5_000;
const maxBytes = 100_000;
const keptMs = { least: 60_000, most: 24 * 3_600_000, unsaid: 600_000 };
/** A token with an unknown key makes us ask again, but not each time: anybody can send such tokens. */
const againMs = 30_000;

const keySet = z.object({
  keys: z
    .array(z.looseObject({ kty: z.string(), kid: z.string().min(1), use: z.string().optional() }))
    .max(50),
});

/** Public keys by key id, in PEM. */
type Keys = Readonly<Record<string, string>>;

/** The RSA keys of an OpenID issuer (RFC 7517), kept as long as its answer allows. Failures throw `unavailable`. */
export class JsonWebKeys {
  readonly #url: string;
  readonly #logger: Logger;
  #known: { keys: Keys; askedAt: number; until: number } | undefined;
  #asking: Promise<Keys> | undefined;

  constructor(url: string, logger: Logger) {
    this.#url = url;
    this.#logger = logger;
  }

  /** All keys; fetched anew when `keyId` isn't among those we know, as issuers change their keys. */
  async forKey(keyId: string, now = Date.now()): Promise<Keys> {
    const known = this.#known;
    if (known !== undefined && now < known.until) {
      if (Object.hasOwn(known.keys, keyId) || now - known.askedAt < againMs) return known.keys;
    }
    this.#asking ??= this.#fetch(now).finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #fetch(now: number): Promise<Keys> {
    try {
      const response = await fetch(this.#url, {
        signal: AbortSignal.timeout(timeoutMs),
        redirect: 'error',
        headers: { accept: 'application/json' },
      });
      if (!response.ok) throw new Error(`The answer was ${response.status}.`);
      const keys = parseKeys(await readText(response, maxBytes));
      const until = now + keptFor(response.headers.get('cache-control'));
      this.#known = { keys, askedAt: now, until };
      return keys;
    } catch (error) {
      this.#logger.warn({ err: error }, 'the keys of the OpenID issuer could not be had');
      throw new AppError('unavailable');
    }
  }
}

/** Keys of other kinds, or for encryption, are nothing to us. */
function parseKeys(text: string): Keys {
  const { keys } = keySet.parse(JSON.parse(text));
  const ours = keys.filter(({ kty, use }) => kty === 'RSA' && (use ?? 'sig') === 'sig');
  const toPem = (key: (typeof ours)[number]): string =>
    String(createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' }));
  return Object.fromEntries(ours.map((key) => [key.kid, toPem(key)]));
}

function keptFor(cacheControl: string | null): number {
  const seconds = /max-age=(\d+)/.exec(cacheControl ?? '')?.[1];
  if (seconds === undefined) return keptMs.unsaid;
  return Math.min(keptMs.most, Math.max(keptMs.least, Number(seconds) * 1_000));
}
