import { hkdfSync } from 'node:crypto';
import { seal, unseal } from '../identity/sealing.ts';
import { accessSecretId, type NamedSecret } from './restreamSecrets.ts';

export interface SealedKey {
  /** Of the secret that it is sealed with. */
  readonly keyId: string;
  readonly sealedKey: string;
}

/** Seals stream keys of restream targets: AES-256-GCM, a key derived (RFC 5869) from each secret, bound to the target. */
export class RestreamKeys {
  readonly #keys: ReadonlyMap<string, Buffer>;
  readonly #currentId: string;

  /** The first secret seals; without one, `accessSecret` does. */
  constructor(secrets: readonly NamedSecret[], accessSecret: string) {
    const all = [...secrets, { id: accessSecretId, secret: accessSecret }];
    const derived = (secret: string) =>
      Buffer.from(hkdfSync('sha256', secret, '', 'maydan restream keys', 32));
    this.#keys = new Map(all.map(({ id, secret }) => [id, derived(secret)]));
    this.#currentId = secrets[0]?.id ?? accessSecretId;
  }

  seal(targetId: string, streamKey: string): SealedKey {
    const key = this.#keys.get(this.#currentId);
    if (key === undefined) throw new Error('there is no key to seal with');
    return { keyId: this.#currentId, sealedKey: seal(key, targetId, streamKey) };
  }

  /** Null when the secret was taken away or changed. */
  open(targetId: string, { keyId, sealedKey }: SealedKey): string | null {
    const key = this.#keys.get(keyId);
    if (key === undefined) return null;
    try {
      return unseal(key, targetId, sealedKey);
    } catch {
      return null;
    }
  }

  /** Sealed with the secret that new keys are sealed with. */
  isCurrent({ keyId }: SealedKey): boolean {
    return keyId === this.#currentId;
  }
}
