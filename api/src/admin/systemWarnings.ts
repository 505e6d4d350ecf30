import type { KnownNode } from '@maydan/common';
import type { QueueState, SystemHealth, SystemWarning } from '@maydan/contracts';
import type { Reconciled } from '../ledger/Reconciliation.ts';

/** As the alarms of `infra/prometheus/alerts.yml` have them where there is such an alarm. */
const limits = {
  factsWaiting: 1_000,
  booksUnreadHours: 48,
  waitingSec: 60,
  load: 0.95,
  freeDisk: 0.1,
} as const;

export interface Seen {
  /** Null: not known. */
  readonly facts: SystemHealth['facts'];
  readonly queues: readonly Pick<QueueState, 'queue' | 'counts' | 'waitingSince'>[];
  readonly nodes: readonly Pick<KnownNode, 'service' | 'nodeId' | 'alive' | 'load' | 'disk' | 'version'>[];
  /** Null: the books were never looked at; undefined: not known. */
  readonly books: Reconciled | null | undefined;
}

/** What an admin should look at, of what was seen. */
export function systemWarnings({ facts, queues, nodes, books }: Seen, now: Date): SystemWarning[] {
  const waiting = Math.max(facts?.unread ?? 0, facts?.pending ?? 0);
  const versions = new Set(nodes.flatMap(({ alive, version }) => (alive ? [version] : []))).size;
  return [
    ...ofBooks(books, now),
    ...(waiting > limits.factsWaiting ? [warning('factsWait', waiting)] : []),
    ...queues.flatMap((queue) => ofQueue(queue, now)),
    ...nodes.flatMap(ofNode),
    ...(versions > 1 ? [warning('versionsDiffer', versions)] : []),
  ];
}

function ofBooks(books: Seen['books'], now: Date): SystemWarning[] {
  if (books === undefined) return [];
  if (books === null) return [warning('booksUnread', null)];
  const hours = Math.floor((now.getTime() - books.at.getTime()) / 3_600_000);
  return [
    ...(books.problems > 0 ? [warning('booksWrong', books.problems)] : []),
    ...(hours >= limits.booksUnreadHours ? [warning('booksUnread', hours)] : []),
  ];
}

function ofQueue({ queue, counts, waitingSince }: Seen['queues'][number], now: Date): SystemWarning[] {
  const sec = waitingSince === null ? 0 : Math.floor((now.getTime() - Date.parse(waitingSince)) / 1_000);
  return [
    ...(counts.failed > 0 ? [{ ...warning('jobsFailed', counts.failed), queue }] : []),
    ...(sec >= limits.waitingSec ? [{ ...warning('jobsWait', sec), queue }] : []),
  ];
}

function ofNode({ service, nodeId, alive, load, disk }: Seen['nodes'][number]): SystemWarning[] {
  const node = { service, nodeId };
  if (!alive) return [{ ...warning('processGone', null), node }];
  const free = disk === null || disk.totalBytes === 0 ? 1 : disk.freeBytes / disk.totalBytes;
  return [
    ...(load !== null && load >= limits.load ? [{ ...warning('processFull', load), node }] : []),
    ...(free < limits.freeDisk ? [{ ...warning('diskLow', free), node }] : []),
  ];
}

function warning(code: SystemWarning['code'], value: number | null): SystemWarning {
  return { code, node: null, queue: null, value };
}
