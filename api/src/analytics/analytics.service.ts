import type {
  CreatorExportInput,
  CreatorFigures,
  CreatorStats,
  CreatorStatsInput,
  PlatformExportInput,
  PlatformFigures,
  PlatformStats,
  PlatformStatsInput,
  SessionStats,
  SessionSummary,
} from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import { requireRole } from '../identity/requireRole.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { SessionRow } from '../sessions/sessions.repo.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import { csvStream, type CsvRow } from './csv.ts';
import { columns, type ExportsRepo } from './exports.repo.ts';
import type { FiguresRepo } from './figures.repo.ts';
import type { RollupRepo } from './rollup.repo.ts';
import { sampleMs, stepOf } from './slots.ts';
import type { UniqueViewers } from './UniqueViewers.ts';

export interface AnalyticsDependencies {
  readonly figures: FiguresRepo;
  readonly exports: ExportsRepo;
  readonly progress: Pick<RollupRepo, 'progress'>;
  readonly uniqueViewers: UniqueViewers;
  readonly sessions: Pick<SessionsService, 'findSteerable'>;
  readonly limits: RateLimits;
}

type CountedSession = Pick<SessionRow, 'id' | 'hostId' | 'startedAt' | 'endedAt' | 'audience'>;

/** A file that is made while it is sent. */
export interface CsvFile {
  readonly name: string;
  readonly stream: ReadableStream;
}

const creatorColumns = [
  ...(['period', 'sessions', 'liveMs', 'watchMs', 'uniqueViewers', 'peakViewers', 'messages'] as const),
  ...(['gifts', 'coins', 'earned', 'followers'] as const),
];
const platformColumns = [
  ...([
    'period',
    'newUsers',
    'activeUsers',
    'sessions',
    'liveMs',
    'watchMs',
    'peakViewers',
    'messages',
  ] as const),
  ...(['follows', 'gifts', 'coins', 'commission', 'deposits', 'depositReturns', 'withdrawals'] as const),
];

/** Statistics of creators, sessions and the platform (features A1 and A2). */
export class AnalyticsService {
  readonly #deps: AnalyticsDependencies;

  constructor(dependencies: AnalyticsDependencies) {
    this.#deps = dependencies;
  }

  async creator({ id }: User, input: CreatorStatsInput): Promise<CreatorStats> {
    const { figures, uniqueViewers, limits } = this.#deps;
    await limits.analytics(id);
    const rows = await figures.ofCreator(id, input);
    const unique = await uniqueViewers.count(figures.sketches(id, input));
    const periods = rows.map((row) => ({ ...row, uniqueViewers: unique.byPeriod.get(row.period) ?? 0 }));
    return {
      countedUpTo: await this.#countedUpTo(),
      periods,
      total: { ...totalOf<CreatorFigures>(periods, creatorColumns), uniqueViewers: unique.total },
    };
  }

  /** Throws `forbidden` for all but its host and moderators. */
  async session(user: User, { id, points }: { id: string; points: number }): Promise<SessionStats> {
    const row = await this.#steer(user, id);
    const { start, end } = spanOf(row);
    return { ...(await this.summaryOf(row)), timeline: await this.#timeline(id, start, end, points) };
  }

  /** Throws `forbidden` for all but its host and moderators. */
  async summary(user: User, id: string): Promise<SessionSummary> {
    return this.summaryOf(await this.#steer(user, id));
  }

  /** Read from what is counted anyway, at each time anew. */
  async summaryOf(row: CountedSession): Promise<SessionSummary> {
    const { id, hostId, startedAt, endedAt, audience } = row;
    const { start, end } = spanOf(row);
    return {
      ...(await this.#deps.figures.ofSession({ id, hostId, startedAt: start, endedAt: end })),
      ...{ liveMs: end.getTime() - start.getTime(), watchMs: Number(audience?.watchMs ?? 0) },
      ...{ uniqueViewers: audience?.unique ?? 0, peakViewers: audience?.peak ?? 0 },
      startedAt: startedAt?.toISOString() ?? null,
      endedAt: endedAt?.toISOString() ?? null,
    };
  }

  async platform(admin: User, input: PlatformStatsInput): Promise<PlatformStats> {
    requireRole(admin, 'admin');
    const { figures, limits } = this.#deps;
    await limits.analytics(admin.id);
    const range = { ...input, timeZone: 'UTC' };
    const periods = await figures.ofPlatform(range);
    const total = totalOf<PlatformFigures>(periods, platformColumns);
    return {
      countedUpTo: await this.#countedUpTo(),
      now: await figures.now(),
      periods,
      total: { ...total, activeUsers: await figures.activeUsers(range) },
    };
  }

  async exportCreator(user: User, input: CreatorExportInput): Promise<CsvFile> {
    const { exports, limits } = this.#deps;
    switch (input.kind) {
      case 'periods':
        return file(input, creatorColumns, (await this.creator(user, input)).periods);
      case 'sessions':
        await limits.analytics(user.id);
        return file(input, columns.sessions, exports.sessions(user.id, input));
      case 'gifts':
        await limits.analytics(user.id);
        return file(input, columns.gifts, exports.gifts(user.id, input));
    }
  }

  async exportPlatform(admin: User, input: PlatformExportInput): Promise<CsvFile> {
    requireRole(admin, 'admin');
    const { exports, limits } = this.#deps;
    const range = { ...input, timeZone: 'UTC' };
    if (input.kind === 'periods')
      return file(input, platformColumns, (await this.platform(admin, input)).periods);
    await limits.analytics(admin.id);
    if (input.kind === 'sessions') return file(input, columns.sessions, exports.sessions(null, range));
    return file(input, columns[input.kind], exports[input.kind](range));
  }

  async #steer(user: User, id: string): Promise<SessionRow> {
    const { sessions, limits } = this.#deps;
    await limits.analytics(user.id);
    return sessions.findSteerable(user, id, 'look');
  }

  async #timeline(id: string, begun: Date, end: Date, points: number): Promise<SessionStats['timeline']> {
    const start = new Date(Math.floor(begun.getTime() / sampleMs) * sampleMs);
    const durationMs = end.getTime() - start.getTime();
    if (durationMs <= 0) return { stepMs: sampleMs, viewers: [] };
    const stepMs = stepOf(durationMs, points);
    const viewers = Array.from({ length: Math.ceil(durationMs / stepMs) }, () => 0);
    for (const { step, viewers: most } of await this.#deps.figures.timeline(id, { start, end, stepMs })) {
      viewers[step] = most;
    }
    return { stepMs, viewers };
  }

  async #countedUpTo(): Promise<string | null> {
    const { upTo } = await this.#deps.progress.progress();
    return upTo?.toISOString() ?? null;
  }
}

/** From the beginning to the end, or now; one that never began has no length. */
function spanOf({ startedAt, endedAt }: CountedSession): { start: Date; end: Date } {
  const end = endedAt ?? new Date();
  return { start: startedAt === null || startedAt > end ? end : startedAt, end };
}

/** Figures add up, but for the highest one. */
function totalOf<F extends Readonly<Record<string, number>>>(
  periods: readonly (F & { readonly period: string })[],
  names: readonly string[],
): F {
  const numbers = names.filter((name) => name !== 'period');
  const sum = (name: string): number => {
    const values = periods.map((figures) => figures[name] ?? 0);
    return name === 'peakViewers' ? Math.max(0, ...values) : values.reduce((one, other) => one + other, 0);
  };
  return Object.fromEntries(numbers.map((name) => [name, sum(name)])) as F;
}

function file(
  { kind, from, to }: { kind: string; from: string; to: string },
  names: readonly string[],
  rows: AsyncIterable<CsvRow> | readonly CsvRow[],
): CsvFile {
  return { name: `maydan-${kind}-${from}-${to}.csv`, stream: csvStream(names, iterate(rows)) };
}

async function* iterate(rows: AsyncIterable<CsvRow> | readonly CsvRow[]): AsyncGenerator<CsvRow> {
  yield* rows;
}
