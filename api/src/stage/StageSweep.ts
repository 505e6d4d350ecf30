import type { Logger } from '@maydan/common';
import type { SfuNode } from '@maydan/contracts';
import type { SessionsRepo } from '../sessions/sessions.repo.ts';
import type { SfuCommands } from './SfuCommands.ts';
import type { SfuDirectory } from './SfuDirectory.ts';
import type { StageFacts } from './StageFacts.ts';
import type { StageRepo } from './stage.repo.ts';

/** A node that starts again, or a Redis that does, is back within this. */
const nodeGoneMs = 6_000;

export interface StageSweepDependencies {
  readonly repo: StageRepo;
  readonly sessions: SessionsRepo;
  readonly directory: SfuDirectory;
  readonly facts: StageFacts;
  readonly sfu: SfuCommands;
  readonly logger: Logger;
}

/** Repairs what an sfu that died could not say any more, and what it didn't hear. */
export class StageSweep {
  readonly #deps: StageSweepDependencies;
  readonly #missingSince = new Map<string, number>();

  constructor(dependencies: StageSweepDependencies) {
    this.#deps = dependencies;
  }

  async run(now = new Date()): Promise<void> {
    const nodes = await this.#deps.directory.list();
    await this.#forgetLost(nodes, now);
    await this.#closeOver(nodes);
  }

  /** Rooms of dead nodes, and rooms that a node doesn't have any more: nobody is on stage there. */
  async #forgetLost(nodes: readonly SfuNode[], now: Date): Promise<void> {
    const there = new Set(nodes.flatMap(({ nodeId, rooms }) => rooms.map((id) => `${id} ${nodeId}`)));
    const missing = (await this.#deps.repo.told()).filter(
      (row) => !there.has(`${row.sessionId} ${row.nodeId}`),
    );
    const keys = new Set(missing.map((row) => `${row.sessionId} ${row.nodeId}`));
    for (const key of this.#missingSince.keys()) if (!keys.has(key)) this.#missingSince.delete(key);
    for (const { sessionId, nodeId } of missing) {
      const key = `${sessionId} ${nodeId}`;
      const since = this.#missingSince.get(key) ?? now.getTime();
      this.#missingSince.set(key, since);
      if (now.getTime() - since >= nodeGoneMs) await this.#forget(sessionId, nodeId, now);
    }
  }

  async #forget(sessionId: string, nodeId: string, now: Date): Promise<void> {
    const { repo, sessions, facts, logger } = this.#deps;
    logger.warn({ sessionId, nodeId }, 'an sfu node lost a room with a stage');
    const session = await sessions.find(sessionId);
    const peers = await repo.forget(sessionId, nodeId);
    if (session === null) return;
    const word = { type: 'stage.peerLeft', at: now.toISOString(), reason: 'roomLost' } as const;
    for (const { peerId, userId, role } of peers) {
      await facts.peer({ ...word, sessionId, nodeId, peerId, userId, role }, session);
    }
  }

  /** A node may have missed the end of a session. */
  async #closeOver(nodes: readonly SfuNode[]): Promise<void> {
    const { sessions, sfu } = this.#deps;
    const rooms = [...new Set(nodes.flatMap((node) => node.rooms))];
    if (rooms.length === 0) return;
    for (const sessionId of await sessions.overAmong(rooms)) await sfu.closeRoom(sessionId, 'sessionEnded');
  }
}
