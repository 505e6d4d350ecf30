import { AppError } from '@maydan/common';
import type { StreamKey as StreamKeyView } from '@maydan/contracts';
import { hashSecret, newStreamKey, streamKeyHint } from '@maydan/prisma';
import type { Also } from '../audit/audit.repo.ts';
import type { SessionCommands } from '../sessions/SessionCommands.ts';
import type { SessionsRepo } from '../sessions/sessions.repo.ts';
import type { SfuCommands } from '../stage/SfuCommands.ts';
import type { StreamKey, StreamKeysRepo } from './streamKeys.repo.ts';

const maxActiveKeys = 20;

export type StreamKeyCreated = StreamKeyView & {
  key: string;
  rtmpUrl: string;
  rtmpsUrl: string | null;
  whipUrl: string;
};

export interface StreamKeysDependencies {
  readonly repo: StreamKeysRepo;
  readonly sessions: SessionsRepo;
  readonly commands: SessionCommands;
  readonly sfu: SfuCommands;
  readonly rtmpUrl: string;
  readonly rtmpsUrl: string | null;
}

/** Stream keys (features L3, L4); `sfuBase` is where the one who asks reaches an sfu. The secret leaves this service once, at creation and at rotation. */
export class StreamKeysService {
  readonly #deps: StreamKeysDependencies;

  constructor(dependencies: StreamKeysDependencies) {
    this.#deps = dependencies;
  }

  async create(userId: string, label: string, sfuBase: string): Promise<StreamKeyCreated> {
    if ((await this.#deps.repo.countActive(userId)) >= maxActiveKeys) {
      throw new AppError('conflict', `You have ${maxActiveKeys} stream keys; revoke one first.`);
    }
    const key = newStreamKey();
    return this.#created(await this.#deps.repo.create(userId, label, stored(key)), key, sfuBase);
  }

  async list(userId: string): Promise<StreamKeyView[]> {
    return (await this.#deps.repo.list(userId)).map(view);
  }

  /** The old secret stops working at once, also for a publisher that is on the line with it. */
  async rotate(userId: string, id: string, sfuBase: string): Promise<StreamKeyCreated> {
    await this.#find(userId, id);
    const key = newStreamKey();
    if (!(await this.#deps.repo.replaceSecret(id, stored(key)))) {
      throw new AppError('conflict', 'The stream key was revoked.');
    }
    await this.#dropPublishers(id);
    return this.#created(await this.#find(userId, id), key, sfuBase);
  }

  /** May be repeated; each time a publisher that is on the line with the key is dropped. */
  async revoke(userId: string, id: string): Promise<void> {
    await this.#find(userId, id);
    await this.#deps.repo.revoke(id);
    await this.#dropPublishers(id);
  }

  /** Anybody's, for moderators. Throws `not_found`. */
  find(id: string): Promise<StreamKey> {
    return this.#find(null, id);
  }

  /** As `revoke`, of anybody's, by a moderator. `also` is written with it, once. */
  async disable(id: string, also: Also): Promise<StreamKeyView> {
    await this.#deps.repo.revoke(id, also);
    await this.#dropPublishers(id);
    return view(await this.#find(null, id));
  }

  async #find(userId: string | null, id: string): Promise<StreamKey> {
    const found = await this.#deps.repo.find(userId, id);
    if (found === null) throw new AppError('not_found');
    return found;
  }

  async #dropPublishers(id: string): Promise<void> {
    for (const session of await this.#deps.sessions.openByStreamKey(id)) {
      await this.#deps.commands.drop(session, 'revoked');
      const { id: sessionId, whipPeerId } = session;
      if (whipPeerId !== null) await this.#deps.sfu.removePeer(sessionId, { peerId: whipPeerId }, 'removed');
    }
  }

  #created(row: StreamKey, key: string, sfuBase: string): StreamKeyCreated {
    const { rtmpUrl, rtmpsUrl } = this.#deps;
    return { ...view(row), key, rtmpUrl, rtmpsUrl, whipUrl: `${sfuBase}/whip` };
  }
}

function stored(key: string): { hash: string; hint: string } {
  return { hash: hashSecret(key), hint: streamKeyHint(key) };
}

function view(row: StreamKey): StreamKeyView {
  return {
    id: row.id,
    label: row.label,
    hint: row.hint,
    createdAt: row.createdAt.toISOString(),
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
    revokedAt: row.revokedAt?.toISOString() ?? null,
  };
}
