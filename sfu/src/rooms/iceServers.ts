import { createHmac } from 'node:crypto';
import type { IceServer } from '@maydan/contracts';

export interface IceSettings {
  readonly stunUrls: readonly string[];
  readonly turnUrls: readonly string[];
  readonly turnSecret: string | undefined;
}

/**
 * For the allocations of a peer that comes or restarts ICE. What it has allocated outlives them: coturn asks what they are good for
 * with an allocation, and not when it is refreshed.
 */
export const turnLifetimeSec = 2 * 3_600;

/**
 * STUN and TURN servers for a peer. The TURN credentials are limited in time, as coturn's `use-auth-secret` checks
 * them: user name `<unix seconds of expiry>:<peer>`, password the base64 of its HMAC-SHA1 under the shared secret
 * (draft-uberti-behave-turn-rest).
 */
export function iceServersFor(settings: IceSettings, peerId: string, nowMs = Date.now()): IceServer[] {
  const { stunUrls, turnUrls, turnSecret } = settings;
  const servers: IceServer[] = stunUrls.length > 0 ? [{ urls: [...stunUrls] }] : [];
  if (turnUrls.length === 0 || turnSecret === undefined) return servers;
  const username = `${Math.floor(nowMs / 1_000) + turnLifetimeSec}:${peerId}`;
  const credential = createHmac('sha1', turnSecret).update(username).digest('base64');
  return [...servers, { urls: [...turnUrls], username, credential }];
}
