import { AppError } from '@maydan/common';
import type { Database } from '@maydan/prisma';
import { exported, type ExportedRow, type PersonalData } from '../personalData/PersonalData.ts';
import type { SessionCommands } from './SessionCommands.ts';
import type { SessionsRepo } from './sessions.repo.ts';
import type { SessionsService } from './sessions.service.ts';
import { textColumns } from './textColumns.ts';

export interface SessionsDataDependencies {
  readonly database: Database;
  readonly repo: Pick<SessionsRepo, 'openOf'>;
  readonly sessions: Pick<SessionsService, 'close'>;
  readonly commands: Pick<SessionCommands, 'removeRecording'>;
}

/** Sessions of a host: those on air end, recordings go, and what stays says when somebody was on air. */
export class SessionsData implements PersonalData {
  readonly name = 'sessions';
  readonly #deps: SessionsDataDependencies;

  constructor(dependencies: SessionsDataDependencies) {
    this.#deps = dependencies;
  }

  async erase(hostId: string): Promise<'done' | 'pending'> {
    const { database, repo, commands } = this.#deps;
    for (const id of await repo.openOf(hostId)) await this.#end(id, hostId);
    const stored = { hostId, startedAt: { not: null }, mediaRemovedAt: null };
    const over = await database.session.findMany({
      where: { ...stored, state: { in: ['ended', 'failed'] } },
      select: { id: true, playbackId: true },
    });
    for (const session of over) await commands.removeRecording(session);
    const left = await database.session.count({ where: stored });
    // Last, as the end of a session writes what was recorded.
    await database.session.updateMany({
      where: { hostId },
      data: {
        ...{
          ...textColumns({ title: '', description: '', tags: [] }),
          category: null,
          visibility: 'unlisted',
        },
        ...{ recorded: false, posterPath: null, storyboardPath: null },
      },
    });
    return left === 0 ? 'done' : 'pending';
  }

  export(hostId: string): AsyncGenerator<ExportedRow> {
    return exported('sessions', (take, after: { id: string } | null) =>
      this.#deps.database.session.findMany({
        where: { hostId, ...(after === null ? {} : { id: { gt: after.id } }) },
        orderBy: { id: 'asc' },
        take,
        select: {
          ...{ id: true, title: true, description: true, type: true, category: true, tags: true },
          ...{
            visibility: true,
            privateFor: true,
            stageLayout: true,
            state: true,
            createdAt: true,
            startedAt: true,
            endedAt: true,
            durationMs: true,
          },
          ...{ recorded: true, playbackId: true, hiddenAt: true, recordingDeletedAt: true },
        },
      }),
    );
  }

  async #end(id: string, hostId: string): Promise<void> {
    try {
      await this.#deps.sessions.close(id, 'hostEnded', hostId);
    } catch (error) {
      // It ended meanwhile.
      if (!(error instanceof AppError) || error.code !== 'wrong_state') throw error;
    }
  }
}
