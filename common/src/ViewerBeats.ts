import { viewingSlotMs, viewingTtlSec } from '@maydan/contracts';
import { z } from 'zod';
import type { Redis } from './redis.ts';

/** Sessions that somebody watches, or did a short while ago. */
export const viewingSessionsKey = 'maydan:viewing:sessions';
/** How long after the last heartbeat what is known of a session is kept. */
export const viewingKeptMs = 86_400_000;

/** Where Redis has who watches a session: viewers by when they expire, all that ever were, sums. */
export function viewingKeys(sessionId: string): [now: string, ever: string, sums: string] {
  return [
    `maydan:viewing:${sessionId}:now`,
    `maydan:viewing:${sessionId}:ever`,
    `maydan:viewing:${sessionId}`,
  ];
}
/** Before the time (ms) at which a quarter of an hour began: all that were there in it. */
export const viewingSlotsKey = (sessionId: string): string => `maydan:viewing:${sessionId}:in:`;
/** Of a private session: the only viewers who count. */
export const viewingAdmittedKey = (sessionId: string): string => `maydan:viewing:${sessionId}:admitted`;
/** Those who count no more, whatever is said of them, until they are let in again. */
export const viewingDismissedKey = (sessionId: string): string => `maydan:viewing:${sessionId}:dismissed`;
/** Those who count nowhere, by until when (ms): their accounts are banned. */
export const viewingNowhereKey = 'maydan:viewing:nowhere';
/** Those of `now` of whom the sfu says so, by when they expire. */
const peersKey = (sessionId: string): string => `maydan:viewing:${sessionId}:peers`;

const ttlMs = viewingTtlSec * 1_000;
/** In one call of a script. */
const maxTogether = 500;

/**
 * Viewers that are there, by when they expire; all that ever were (HyperLogLog: 0.81 % standard error in 12 KiB, where each by
 * name would take 60 bytes for each viewer), and those of each quarter of an hour; sums. What a heartbeat moves the expiry on by
 * is the time that was watched. A Redis that lost everything was told until when the time of its viewers is known (`since`): who goes
 * on has watched from then on; before it was told, those are counted (`returned`). KEYS: now, ever, sums, sessions, those who count, quarters, those who don't, those who count nowhere; of the sfu also its
 * viewers. ARGV: session, ttl, how long keys are kept, how long a quarter is, 1: they go on (else they begin), viewers. To the sfu it says when they expire, and
 * when they did before: 0 for who wasn't there, -1 for who doesn't count.
 */
const beatScript = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local ttl, watched = tonumber(ARGV[2]), 0
  local slot = now - now % tonumber(ARGV[4])
  local slotKey = KEYS[6] .. string.format('%.0f', slot)
  local some, but = redis.call('EXISTS', KEYS[5]) == 1, redis.call('EXISTS', KEYS[7]) == 1
  local nowhere = redis.call('EXISTS', KEYS[8]) == 1
  local said = { now + ttl }
  local known = redis.call('HMGET', KEYS[3], 'seeded', 'since')
  local since, returned = tonumber(known[2] or 0), 0
  for i = 6, #ARGV do
   if (not some or redis.call('SISMEMBER', KEYS[5], ARGV[i]) == 1)
     and not (but and redis.call('SISMEMBER', KEYS[7], ARGV[i]) == 1)
     and not (nowhere and tonumber(redis.call('ZSCORE', KEYS[8], ARGV[i]) or 0) > now) then
    local before = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[i]) or 0)
    if before > now then watched = watched + now + ttl - before
    else
     redis.call('PFADD', KEYS[2], ARGV[i])
     if ARGV[5] == '1' then
      if now - since < ttl then watched = watched + math.max(0, now - since) end
      returned = returned + 1
     end
    end
    if before <= now or before - ttl < slot then redis.call('PFADD', slotKey, ARGV[i]) end
    redis.call('ZADD', KEYS[1], now + ttl, ARGV[i])
    if KEYS[9] then
     redis.call('ZADD', KEYS[9], now + ttl, ARGV[i])
     said[#said + 1] = before > now and before or 0
    end
   elseif KEYS[9] then said[#said + 1] = -1 end
  end
  if returned > 0 and not known[1] then
   redis.call('HSETNX', KEYS[3], 'returnedAtMs', now)
   redis.call('HINCRBY', KEYS[3], 'returned', returned)
  end
  if watched > 0 then redis.call('HINCRBY', KEYS[3], 'watchMs', watched) end
  redis.call('SADD', KEYS[4], ARGV[1])
  redis.call('PEXPIRE', slotKey, ARGV[3])
  for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], ARGV[3]) end
  if KEYS[9] then
   redis.call('ZREMRANGEBYSCORE', KEYS[9], '-inf', now)
   redis.call('PEXPIRE', KEYS[9], ARGV[3])
   return said
  end`;

/**
 * One viewer is gone. KEYS: now, sums, viewers of the sfu. ARGV: viewer, ttl, '' or when they expire as the sfu said last. Who is
 * connected to the sfu, too, or of whom somebody else said it since, stays: that player speaks for itself.
 */
const endScript = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local before = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or 0)
  if ARGV[3] == '' then
   if tonumber(redis.call('ZSCORE', KEYS[3], ARGV[1]) or 0) > now then return end
  else
   redis.call('ZREM', KEYS[3], ARGV[1])
   if before ~= tonumber(ARGV[3]) then return end
  end
  if before > now then redis.call('HINCRBY', KEYS[2], 'watchMs', math.max(0, now + tonumber(ARGV[2]) - before)) end
  redis.call('ZREM', KEYS[1], ARGV[1])`;

/** Viewers of a session who are connected to the sfu. */
export interface PeerBeat {
  readonly sessionId: string;
  readonly viewers: readonly string[];
}
/** What became of one of them. */
export interface PeerBeaten {
  readonly sessionId: string;
  readonly viewer: string;
  /** When they expire now (ms, Redis's clock); null: they don't count. */
  readonly expiresAtMs: number | null;
  /** When they did before; null: they weren't there. */
  readonly beforeMs: number | null;
}
export interface PeerEnd {
  readonly sessionId: string;
  readonly viewer: string;
  /** As `beatPeers` said last; 0 when another player has said that they are there. */
  readonly expiresAtMs: number;
}

const beaten = z.array(z.int());

/** Says who watches: one kind of heartbeat for all players, so that nobody counts twice. */
export class ViewerBeats {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** These viewers of a session are there, their players say. `goOn`: they were until now, unless we know better. */
  async beat(sessionId: string, viewers: readonly string[], { goOn = false } = {}): Promise<void> {
    const keys = beatKeys(sessionId);
    await Promise.all(
      inParts({ sessionId, viewers }).map((part) =>
        this.#redis.eval(
          beatScript,
          keys.length,
          ...keys,
          ...beatArguments(sessionId, goOn),
          ...part.viewers,
        ),
      ),
    );
  }

  /** Not any more, a player says. */
  async end(sessionId: string, viewer: string): Promise<void> {
    const keys = endKeys(sessionId);
    await this.#redis.eval(endScript, keys.length, ...keys, viewer, ttlMs, '');
  }

  /** These are connected to the sfu: one write, whichever sessions they watch. Rejects when any of it failed. */
  async beatPeers(beats: readonly PeerBeat[]): Promise<PeerBeaten[]> {
    const parts = beats.flatMap(inParts);
    const words = this.#redis.pipeline();
    for (const { sessionId, viewers } of parts) {
      const keys = [...beatKeys(sessionId), peersKey(sessionId)];
      words.eval(beatScript, keys.length, ...keys, ...beatArguments(sessionId, false), ...viewers);
    }
    const answers = (await words.exec()) ?? [];
    return parts.flatMap(({ sessionId, viewers }, nth) => {
      const [error, answer] = answers[nth] ?? [new Error('no answer')];
      if (error !== null) throw error;
      const [expiresAtMs = 0, ...before] = beaten.parse(answer);
      return viewers.map((viewer, at) => {
        const beforeMs = before[at] ?? -1;
        return {
          sessionId,
          viewer,
          expiresAtMs: beforeMs < 0 ? null : expiresAtMs,
          beforeMs: beforeMs > 0 ? beforeMs : null,
        };
      });
    });
  }

  /** These are connected no more. */
  async endPeers(ends: readonly PeerEnd[]): Promise<void> {
    const words = this.#redis.pipeline();
    for (const { sessionId, viewer, expiresAtMs } of ends) {
      const keys = endKeys(sessionId);
      words.eval(endScript, keys.length, ...keys, viewer, ttlMs, expiresAtMs);
    }
    await words.exec();
  }
}

function beatKeys(sessionId: string): string[] {
  const which = [viewingAdmittedKey(sessionId), viewingSlotsKey(sessionId), viewingDismissedKey(sessionId)];
  return [...viewingKeys(sessionId), viewingSessionsKey, ...which, viewingNowhereKey];
}

function beatArguments(sessionId: string, goOn: boolean): (string | number)[] {
  return [sessionId, ttlMs, viewingKeptMs, viewingSlotMs, goOn ? 1 : 0];
}

function endKeys(sessionId: string): string[] {
  const [now, , sums] = viewingKeys(sessionId);
  return [now, sums, peersKey(sessionId)];
}

function inParts({ sessionId, viewers }: PeerBeat): PeerBeat[] {
  const count = Math.ceil(viewers.length / maxTogether);
  return Array.from({ length: count }, (_, nth) => ({
    sessionId,
    viewers: viewers.slice(nth * maxTogether, (nth + 1) * maxTogether),
  }));
}
