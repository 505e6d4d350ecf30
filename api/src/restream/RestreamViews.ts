import { parseJson, type Redis } from '@maydan/common';
import {
  restreamReport,
  restreamStatusKey,
  type RestreamReport,
  type RestreamStatus,
  type RestreamTarget as View,
} from '@maydan/contracts';
import type { RestreamTarget, Session } from '@maydan/prisma';

/** What owners see of their targets: the row, and how the worker says it goes. */
export class RestreamViews {
  readonly #redis: Redis;
  readonly #onAirOf: (hostId: string) => Promise<Session[]>;

  constructor(redis: Redis, onAirOf: (hostId: string) => Promise<Session[]>) {
    this.#redis = redis;
    this.#onAirOf = onAirOf;
  }

  /** All of one owner. */
  async of(rows: readonly RestreamTarget[]): Promise<View[]> {
    const [first] = rows;
    if (first === undefined) return [];
    const reports = await this.#reports(rows);
    const isUnclear = rows.some((row, index) => row.enabled && reports[index] === null);
    const onAir = isUnclear ? await this.#onAirOf(first.userId) : [];
    const hasSource = onAir.some(({ relayUrl, state }) => relayUrl !== null && state !== 'interrupted');
    return rows.map((row, index) => ({
      ...fieldsOf(row),
      ...statusOf(row, reports[index] ?? null, hasSource),
    }));
  }

  /** What workers said of them, unless it is about an earlier version; null also when no worker says anything. */
  async #reports(rows: readonly RestreamTarget[]): Promise<(RestreamReport | null)[]> {
    const texts = await this.#redis.mget(rows.map(({ id }) => restreamStatusKey(id)));
    return rows.map(({ version }, index) => {
      const text = texts[index] ?? null;
      const report = text === null ? null : restreamReport.safeParse(parseJson(text)).data;
      return report?.version === version ? report : null;
    });
  }
}

function fieldsOf({ id, name, url, keyHint, enabled, createdAt }: RestreamTarget) {
  return { id, name, url, keyHint, enabled, createdAt: createdAt.toISOString() };
}

/** A target that should get something and that no worker knows yet is about to be connected to. */
function statusOf(row: RestreamTarget, report: RestreamReport | null, hasSource: boolean): RestreamStatus {
  if (row.enabled && report !== null) {
    const { state, reason, since, byteLength, failures, nextTryAt } = report;
    return { state, reason, since, byteLength, failures, nextTryAt };
  }
  const since = row.updatedAt.toISOString();
  const state = row.enabled && hasSource ? 'connecting' : 'idle';
  return { state, reason: null, since, byteLength: 0, failures: 0, nextTryAt: null };
}
