import { createHmac, createSecretKey, randomBytes, timingSafeEqual, type KeyObject } from 'node:crypto';
import { addressGroup, AppError, RecentMap } from '@maydan/common';
import type { Whence } from '../moderation/traces/whence.ts';

/** Who watches which session. */
export interface Viewing {
  readonly sessionId: string;
  /** Of a person or a device; says nothing about who it is. */
  readonly viewer: string;
}

export const lifetimeSec = 86_400;
const macLength = 22;
/** Tokens that need not be proved again: two generations of so many at most, some 20 MB. */
const mostKnown = 50_000;

interface Known extends Viewing {
  readonly expiresAtMs: number;
}

/** Tokens of viewers: what wasn't given out by us counts as nobody. */
export class ViewingTokens {
  readonly #key: KeyObject;
  /** Proved before: each viewer comes again every quarter of a minute. */
  readonly #known = new RecentMap<Known>(mostKnown);

  constructor(secret: string) {
    this.#key = createSecretKey(createHmac('sha256', secret).update('viewing').digest());
  }

  /**
   * Of a guest who shows no device: the same for a day and all of an address (IPv6 by its /64) with a program of this name, so that who comes
   * again is nobody else. Null where the address isn't known.
   */
  ofPlace({ address, agent = '' }: Pick<Whence, 'address' | 'agent'>, now: Date): string | null {
    if (address === '') return null;
    return this.#mac(`place ${now.toISOString().slice(0, 10)} ${addressGroup(address)} ${agent}`);
  }

  /** The same for all devices of a person. */
  ofUser(userId: string): string {
    return this.#mac(`user ${userId}`);
  }

  /** A device without a sign-in: the one of an earlier token, or a new one where that isn't good. */
  ofDevice(known: string | undefined): { readonly viewer: string; readonly token: string } {
    const id = (known === undefined ? null : this.deviceOf(known)) ?? randomBytes(16).toString('base64url');
    return { viewer: id, token: `${id}.${this.#mac(`device ${id}`)}` };
  }

  /** The id of the device whose token it is; null unless we gave it out. */
  deviceOf(token: string): string | null {
    const [id = '', mac = ''] = token.split('.');
    return id !== '' && this.#isRight(`device ${id}`, mac) ? id : null;
  }

  mint({ sessionId, viewer }: Viewing, nowMs = Date.now()): string {
    const signed = `${sessionId}.${viewer}.${Math.floor(nowMs / 1_000) + lifetimeSec}`;
    return `${signed}.${this.#mac(signed)}`;
  }

  /** Throws `token_invalid` or `token_expired`. */
  read(token: string, nowMs = Date.now()): Viewing {
    const known = this.#known.get(token, () => this.#prove(token));
    if (known.expiresAtMs < nowMs) throw new AppError('token_expired');
    return known;
  }

  #prove(token: string): Known {
    const cut = token.lastIndexOf('.');
    const signed = token.slice(0, Math.max(0, cut));
    if (!this.#isRight(signed, token.slice(cut + 1))) throw new AppError('token_invalid');
    const [sessionId = '', viewer = '', expiresAtSec = '0'] = signed.split('.');
    return { sessionId, viewer, expiresAtMs: Number(expiresAtSec) * 1_000 };
  }

  #mac(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('base64url').slice(0, macLength);
  }

  #isRight(text: string, mac: string): boolean {
    const [given, right] = [Buffer.from(mac), Buffer.from(this.#mac(text))];
    return given.length === right.length && timingSafeEqual(given, right);
  }
}
