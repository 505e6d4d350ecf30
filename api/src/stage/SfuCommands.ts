import type { Logger, Redis } from '@maydan/common';
import {
  joinTokenLifetimeSec,
  mediaSource,
  sfuCommandChannel,
  sfuMuteField,
  sfuMutesKey,
  sfuRemovalsKey,
  type LeaveReason,
  type MediaSource,
  type SfuCommand,
} from '@maydan/contracts';

/** Kept for nodes that don't listen now, and told to those that do. KEYS: removals. ARGV: command, how long (ms), channel. */
const removeScript = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
  redis.call('ZADD', KEYS[1], now, ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  redis.call('PUBLISH', ARGV[3], ARGV[1])`;

/** A session of a week forgets mutes of its first day's people at last. */
const mutesKeptMs = 7 * 86_400_000;

/** KEYS: mutes. ARGV: command, channel, how long (ms), by whom, whether muted, then the fields. What an admin said stays an admin's. */
const muteScript = `
  local isAdmin, isMuted = ARGV[4] == 'admin', ARGV[5] == '1'
  for i = 6, #ARGV do
    local isAdmins = redis.call('HGET', KEYS[1], ARGV[i]) == 'admin'
    if isAdmins and not isAdmin and not isMuted then return 0 end
    if isMuted and not isAdmins then redis.call('HSET', KEYS[1], ARGV[i], ARGV[4]) end
  end
  if isMuted then redis.call('PEXPIRE', KEYS[1], ARGV[3])
  else for i = 6, #ARGV do redis.call('HDEL', KEYS[1], ARGV[i]) end end
  redis.call('PUBLISH', ARGV[2], ARGV[1])
  return 1`;

/** What the api tells all sfu nodes about a room. Each may be repeated without harm. */
export class SfuCommands {
  readonly #redis: Redis;
  readonly #logger: Logger;

  constructor(redis: Redis, logger: Logger) {
    this.#redis = redis;
    this.#logger = logger;
  }

  /** Puts a device, all devices of a user (or those on stage), or all who only watch out of the room at once. */
  removePeer(
    sessionId: string,
    whom: { peerId: string } | { userId: string; role?: 'cohost' } | { role: 'viewer' },
    reason: LeaveReason,
  ): Promise<void> {
    return this.#send({ type: 'removePeer', sessionId, whom, reason });
  }

  /** Puts all devices of a user out of all rooms at once. */
  removeUser(userId: string, reason: LeaveReason): Promise<void> {
    return this.#send({ type: 'removeUser', userId, reason });
  }

  /**
   * `source` null: all that the peer sends. Kept for nodes that open the room later. False: an admin muted it, which admins alone
   * take back; then nothing happened.
   */
  async mutePeer(
    sessionId: string,
    { peerId, source, muted }: { peerId: string; source: MediaSource | null; muted: boolean },
    by: 'admin' | 'other',
  ): Promise<boolean> {
    const command: SfuCommand = { type: 'mutePeer', sessionId, whom: { peerId }, source, muted };
    this.#logger.info(command, 'the sfu is told');
    const fields = fieldsOf(peerId, source, muted);
    const said = [JSON.stringify(command), sfuCommandChannel, mutesKeptMs, by, muted ? '1' : '0'];
    const answer = await this.#redis.eval(muteScript, 1, sfuMutesKey(sessionId), ...said, ...fields);
    return answer === 1;
  }

  /** Whether an admin muted what somebody wants to allow again. */
  async isMutedByAdmin(sessionId: string, peerId: string, source: MediaSource | null): Promise<boolean> {
    const fields = fieldsOf(peerId, source, false);
    return (await this.#redis.hmget(sfuMutesKey(sessionId), ...fields)).includes('admin');
  }

  async closeRoom(sessionId: string, reason: LeaveReason): Promise<void> {
    await this.#redis.del(sfuMutesKey(sessionId));
    await this.#send({ type: 'closeRoom', sessionId, reason });
  }

  async #send(command: Exclude<SfuCommand, { type: 'mutePeer' }>): Promise<void> {
    this.#logger.info(command, 'the sfu is told');
    const text = JSON.stringify(command);
    const keptMs = joinTokenLifetimeSec * 1_000;
    await this.#redis.eval(removeScript, 1, sfuRemovalsKey, text, keptMs, sfuCommandChannel);
  }
}

/** Of a mute its own; to allow everything again takes back what was said of single sources, as in the sfu. */
function fieldsOf(peerId: string, source: MediaSource | null, muted: boolean): string[] {
  const sources = muted || source !== null ? [source] : [null, ...mediaSource.options];
  return sources.map((which) => sfuMuteField(peerId, which));
}
