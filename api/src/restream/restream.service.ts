import { AppError, mayBePublicHost, type Logger, type Redis } from '@maydan/common';
import {
  parseRestreamUrl,
  restreamChannel,
  restreamStatusKey,
  type FactOf,
  type RestreamTarget as View,
  type RestreamWanted,
  type restreamTargetInput,
  type restreamTargetUpdateInput,
} from '@maydan/contracts';
import type { RestreamTarget } from '@maydan/prisma';
import type { z } from 'zod';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { Emitter } from '../realtime/Emitter.ts';
import { rooms } from '../realtime/rooms.ts';
import { onAirStates } from '../sessions/controlDocument.ts';
import type { SessionCommands } from '../sessions/SessionCommands.ts';
import type { SessionsRepo } from '../sessions/sessions.repo.ts';
import type { RestreamRepo } from './restream.repo.ts';
import type { RestreamKeys } from './RestreamKeys.ts';
import type { RestreamViews } from './RestreamViews.ts';

export interface RestreamDependencies {
  readonly repo: RestreamRepo;
  readonly sessions: SessionsRepo;
  readonly commands: SessionCommands;
  readonly keys: RestreamKeys;
  readonly views: RestreamViews;
  readonly limits: RateLimits;
  readonly emitter: Emitter;
  readonly redis: Redis;
  readonly logger: Logger;
  readonly targetsPerUser: number;
  /** Targets may be at private addresses. */
  readonly allowPrivate: boolean;
}

type Input = z.output<typeof restreamTargetInput>;
type Update = z.output<typeof restreamTargetUpdateInput>;

/** Shorter keys would be told by their last four characters. */
const hintedKeyLength = 12;

/** The broadcaster's other RTMP targets (feature L14). A stream key leaves this service for the worker that needs it alone. */
export class RestreamService {
  readonly #deps: RestreamDependencies;

  constructor(dependencies: RestreamDependencies) {
    this.#deps = dependencies;
  }

  async list(userId: string): Promise<{ items: View[] }> {
    return { items: await this.#deps.views.of(await this.#deps.repo.list(userId)) };
  }

  async create(userId: string, { name, url, streamKey, enabled }: Input): Promise<View> {
    const { repo, keys, limits, targetsPerUser } = this.#deps;
    await limits.restream(userId);
    this.#checkUrl(url);
    const row = await repo.create(userId, targetsPerUser, (id) => ({
      ...{ name, url, enabled, keyHint: hintOf(streamKey) },
      ...keys.seal(id, streamKey),
    }));
    if (row === null) {
      throw new AppError('conflict', `You have ${targetsPerUser} restream targets; remove one first.`);
    }
    return this.#changed(row);
  }

  /** What stays as it was is not begun anew. Throws `not_found`, and `validation_failed` for another server without its stream key. */
  async update(userId: string, { id, streamKey, ...update }: Update): Promise<View> {
    const { repo, keys, limits } = this.#deps;
    await limits.restream(userId);
    if (update.url !== undefined) this.#checkUrl(update.url);
    const row = await repo.change(userId, id, (before) => {
      if (streamKey === undefined && update.url !== undefined) requireSameServer(before.url, update.url);
      const isOther =
        (streamKey !== undefined && keys.open(id, before) !== streamKey) ||
        (update.url !== undefined && update.url !== before.url) ||
        (update.enabled !== undefined && update.enabled !== before.enabled);
      return {
        ...withoutUndefined(update),
        ...(streamKey === undefined ? {} : { keyHint: hintOf(streamKey), ...keys.seal(id, streamKey) }),
        ...(isOther ? { version: before.version + 1 } : {}),
      };
    });
    if (row === null) throw new AppError('not_found');
    return this.#changed(row);
  }

  /** Nothing is sent to it any more. Again, or for what is none of the user's: `not_found`. */
  async remove(userId: string, id: string): Promise<void> {
    const { repo, limits, redis, emitter } = this.#deps;
    await limits.restream(userId);
    if (!(await repo.remove(userId, id))) throw new AppError('not_found');
    await redis.del(restreamStatusKey(id));
    await this.#tellWorkers(userId, false);
    await emitter.emit(rooms.user(userId), 'restream:removed', { id });
  }

  /** What a worker is to send a session to; nothing when the session is not on air. */
  async wanted(sessionId: string): Promise<RestreamWanted[]> {
    const { repo, sessions, keys } = this.#deps;
    const session = await sessions.find(sessionId);
    if (session === null || !onAirStates.includes(session.state)) return [];
    const rows = await repo.enabled(session.hostId);
    return Promise.all(
      rows.map(async (row) => {
        const streamKey = keys.open(row.id, row);
        if (streamKey !== null && !keys.isCurrent(row)) await repo.reseal(row, keys.seal(row.id, streamKey));
        return { id: row.id, url: row.url, streamKey, version: row.version };
      }),
    );
  }

  /** Those of the hosts whose sessions are sent elsewhere. */
  hostsAmong(hostIds: string[]): Promise<Set<string>> {
    return this.#deps.repo.usersAmong(hostIds);
  }

  /** A worker tells of another state: so do we, its owner. */
  async handle({ targetId }: FactOf<'restream.changed'>): Promise<void> {
    const row = await this.#deps.repo.find(targetId);
    if (row !== null) await this.#tellOwner(row);
  }

  async #changed(row: RestreamTarget): Promise<View> {
    await this.#tellWorkers(row.userId, row.enabled);
    return this.#tellOwner(row);
  }

  async #tellOwner(row: RestreamTarget): Promise<View> {
    const [view] = await this.#deps.views.of([row]);
    if (view === undefined) throw new Error('a target without a view');
    await this.#deps.emitter.emit(rooms.user(row.userId), 'restream:changed', view);
    return view;
  }

  /** What can't be told now the worker sees when it asks again, and the sweep when there is no worker. */
  async #tellWorkers(userId: string, needsWorker: boolean): Promise<void> {
    const { sessions, commands, redis, logger } = this.#deps;
    try {
      for (const session of await sessions.onAirOf(userId)) {
        if (needsWorker) await commands.run('live.restream', session);
        await redis.publish(restreamChannel(session.id), '');
      }
    } catch (error) {
      logger.warn({ err: error, userId }, 'workers were not told of restream targets');
    }
  }

  #checkUrl(url: string): void {
    const address = parseRestreamUrl(url);
    if (address !== null && (this.#deps.allowPrivate || mayBePublicHost(address.host))) return;
    throw new AppError('validation_failed', undefined, [
      { path: 'url', message: 'must be a public address' },
    ]);
  }
}

/** Nobody gets at a key that they don't know by having it sent to a server of theirs. */
function requireSameServer(before: string, after: string): void {
  const [one, other] = [parseRestreamUrl(before), parseRestreamUrl(after)];
  if (one?.host === other?.host && one?.port === other?.port && one?.tls === other?.tls) return;
  throw new AppError('validation_failed', undefined, [
    { path: 'streamKey', message: 'has to be given again for another server' },
  ]);
}

function hintOf(streamKey: string): string {
  return streamKey.length < hintedKeyLength ? '' : streamKey.slice(-4);
}

function withoutUndefined({ name, url, enabled }: Omit<Update, 'id' | 'streamKey'>) {
  return {
    ...(name === undefined ? {} : { name }),
    ...(url === undefined ? {} : { url }),
    ...(enabled === undefined ? {} : { enabled }),
  };
}
