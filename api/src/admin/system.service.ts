import { performance } from 'node:perf_hooks';
import { listNodes, runChecks, type HealthCheck, type KnownNode, type Redis } from '@maydan/common';
import { serviceName, type NodeList, type SystemHealth } from '@maydan/contracts';
import type { Database, User } from '@maydan/prisma';
import { factsLag } from '../facts/FactsConsumer.ts';
import type { Reconciled } from '../ledger/Reconciliation.ts';
import { requireRole } from '../identity/requireRole.ts';
import type { MediaStore } from '../storage/MediaStore.ts';
import { redactedText } from './redacted.ts';
import { totalsOf, type QueuesService } from './queues.service.ts';
import { systemWarnings } from './systemWarnings.ts';

type CheckName = SystemHealth['checks'][number]['name'];

export interface SystemDependencies {
  readonly database: Database;
  readonly redis: Redis;
  readonly store: Pick<MediaStore, 'size'>;
  readonly queues: Pick<QueuesService, 'states'>;
  /** What was found when the books were looked at last; null: they never were. */
  readonly reconciled: () => Promise<Reconciled | null>;
}

/** Our processes, and how the installation does, for admins (features M6, R2). */
export class SystemService {
  readonly #deps: SystemDependencies;

  constructor(dependencies: SystemDependencies) {
    this.#deps = dependencies;
  }

  /** Throws `forbidden`. */
  async nodes(admin: User): Promise<NodeList> {
    requireRole(admin, 'admin');
    return { items: await listNodes(this.#deps.redis) };
  }

  /** Answers also when nothing else does, within seconds. Throws `forbidden`. */
  async health(admin: User): Promise<SystemHealth> {
    requireRole(admin, 'admin');
    const { redis, queues, reconciled } = this.#deps;
    const [checks, facts, states, nodes, books] = await Promise.all([
      this.#check(),
      factsLag(redis).catch(() => null),
      queues.states().catch(() => null),
      listNodes(redis).catch(() => []),
      reconciled().catch(() => undefined),
    ]);
    const now = new Date();
    const services = serviceName.options.map((service) => ({ service, ...countOf(nodes, service) }));
    const isOk = checks.every(({ ok }) => ok) && services.every(({ alive }) => alive > 0);
    return {
      status: isOk ? 'ok' : 'failing',
      at: now.toISOString(),
      ...{ checks, facts, services },
      jobs: states === null ? null : totalsOf(states),
      disks: nodes.flatMap(({ nodeId, disk, alive }) =>
        disk === null || !alive ? [] : [{ nodeId, ...disk }],
      ),
      warnings: systemWarnings({ facts, queues: states ?? [], nodes, books }, now),
    };
  }

  async #check(): Promise<SystemHealth['checks']> {
    const { database, redis, store } = this.#deps;
    const durations = new Map<string, number>();
    const timed =
      (name: CheckName, check: HealthCheck): HealthCheck =>
      async () => {
        const since = performance.now();
        await check().finally(() => durations.set(name, performance.now() - since));
      };
    const checks = {
      database: timed('database', async () => void (await database.$queryRaw`SELECT 1`)),
      redis: timed('redis', async () => void (await redis.ping())),
      // Whether there is such an object doesn't matter: the storage answers.
      storage: timed('storage', async () => void (await store.size('media/health'))),
    } satisfies Record<CheckName, HealthCheck>;
    const since = performance.now();
    const { checks: results } = await runChecks('api', checks);
    return (Object.keys(checks) as CheckName[]).map((name) => {
      const result = results[name] ?? 'failing';
      const durationMs = Math.round(durations.get(name) ?? performance.now() - since);
      return {
        name,
        ok: result === 'ok',
        durationMs,
        problem: result === 'ok' ? null : redactedText(result),
      };
    });
  }
}

function countOf(nodes: readonly KnownNode[], service: KnownNode['service']) {
  const ours = nodes.filter((node) => node.service === service);
  const alive = ours.filter((node) => node.alive).length;
  return { alive, gone: ours.length - alive };
}
