import { tokenPair } from '@maydan/contracts';
import type { TokenPair } from '@maydan/contracts';

/** A sign-in as it is kept in the browser. */
export interface StoredTokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresAtMs: number;
}

/** An access token is renewed this long before it expires, so that none expires on its way. */
const marginMs = 30_000;

export function storedOf(pair: TokenPair, nowMs: number): StoredTokens {
  const { accessToken, refreshToken, expiresInSec } = pair;
  return { accessToken, refreshToken, expiresAtMs: nowMs + expiresInSec * 1000 };
}

export function needsRefresh(tokens: StoredTokens, nowMs: number): boolean {
  return tokens.expiresAtMs - marginMs <= nowMs;
}

/** Reads stored text; anything that isn't what we wrote counts as signed out. */
export function parseTokens(text: string | null): StoredTokens | null {
  if (text === null) return null;
  try {
    const raw: unknown = JSON.parse(text);
    const fields: Record<string, unknown> = typeof raw === 'object' && raw !== null ? { ...raw } : {};
    const expiresAtMs = fields['expiresAtMs'];
    const pair = tokenPair.safeParse({ ...fields, expiresInSec: 0 });
    if (!pair.success || typeof expiresAtMs !== 'number') return null;
    const { accessToken, refreshToken } = pair.data;
    return { accessToken, refreshToken, expiresAtMs };
  } catch {
    return null;
  }
}
