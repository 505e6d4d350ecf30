import { AppError, type Logger } from '@maydan/common';
import type { AccountExport } from '@maydan/prisma';
import type { Emitter } from '../realtime/Emitter.ts';
import { rooms } from '../realtime/rooms.ts';
import { exportFiles } from './exportFiles.ts';
import { mostRuns } from './ExportQueue.ts';
import type { ExportsRepo } from './exports.repo.ts';
import type { ExportStore } from './ExportStore.ts';
import { toAccountExport } from './exportView.ts';
import type { ExportedRow, PersonalData } from './PersonalData.ts';

/** As much of an export as is in memory at a time, beside a page of rows. */
const maxFileBytes = 8 * 1_048_576;
/** 8 GiB: then something is wrong. */
const maxFiles = 1_024;
const keptMs = 7 * 86_400_000;

export interface ExportJobDependencies {
  readonly exports: ExportsRepo;
  readonly store: ExportStore;
  /** In the order in which their rows come. */
  readonly parts: readonly PersonalData[];
  readonly emitter: Emitter;
  readonly logger: Logger;
}

/**
 * Makes an export. It may be killed at any point and is begun anew then; what the run before had stored goes with the rest.
 * Rows are read page by page while the account is in use, so that they need not be of one moment.
 */
export class ExportJob {
  readonly #deps: ExportJobDependencies;

  constructor(dependencies: ExportJobDependencies) {
    this.#deps = dependencies;
  }

  /** Rejects when it is to be tried again. After `signal` nothing more is stored. */
  async run(id: string, signal: AbortSignal): Promise<void> {
    const { exports, emitter, logger } = this.#deps;
    const begun = await exports.begin(id, mostRuns);
    // Done, given up, or gone with its account; unless it has had all its runs.
    if (begun === null) return exports.fail({ id });
    const fileBytes = await this.#store(begun, signal);
    const row = fileBytes === null ? null : await exports.ready(begun, fileBytes, keptMs);
    const { userId, run } = begun;
    if (row === null) return logger.info({ exportId: id, run }, 'an export is made elsewhere, or no more');
    logger.info({ exportId: id, userId, run, files: row.fileBytes.length }, 'an export is ready');
    await emitter.emit(rooms.user(userId), 'account:exportReady', {
      export: toAccountExport(row, new Date()),
    });
  }

  /** Bytes of each file; null when another run has taken over, or nobody wants it any more. */
  async #store(begun: AccountExport, signal: AbortSignal): Promise<number[] | null> {
    const { exports, store } = this.#deps;
    const { id: exportId, userId, createdAt } = begun;
    const head = { userId, exportId, requestedAt: createdAt.toISOString() };
    const fileBytes: number[] = [];
    for await (const file of exportFiles(this.#rows(userId), head, maxFileBytes)) {
      const number = fileBytes.length + 1;
      if (number > maxFiles) throw new AppError('payload_too_large', 'The export has too many files.');
      signal.throwIfAborted();
      if (!(await exports.writing(begun, number))) return null;
      await store.put(begun, number, file);
      fileBytes.push(file.length);
    }
    return fileBytes;
  }

  async *#rows(userId: string): AsyncGenerator<ExportedRow> {
    for (const part of this.#deps.parts) yield* part.export(userId);
  }
}
