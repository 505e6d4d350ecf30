import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, createRedis, type Logger, type Redis } from '@maydan/common';
import { startPostgres, startRedis, type EmbeddedPostgres, type EmbeddedRedis } from '@maydan/infra';
import { createPrisma, type Database, type Role } from '@maydan/prisma';
import { Api } from '../Api.ts';
import { configSchema } from '../config.ts';
import { ApiProcess } from './ApiProcess.ts';
import { copyMigratedCluster } from './migratedCluster.ts';
import { TestApi, type Account } from './TestApi.ts';

/** A real PostgreSQL with our schema and a real Redis, for one test file; and apis that run on them. */
export class TestBackend {
  static readonly internalSecret = 'i'.repeat(20) + 'j'.repeat(20);
  static readonly accessTokenSecret = 'a'.repeat(20) + 'b'.repeat(20);
  readonly database: Database;
  readonly redis: Redis;
  readonly logger: Logger;
  readonly #log: string[] = [];
  readonly #dir: string;
  readonly #postgres: EmbeddedPostgres;
  readonly #redisServer: EmbeddedRedis;
  readonly #apis: TestApi[] = [];
  readonly #processes: ApiProcess[] = [];

  /** `durable`: commits wait for the disk. `logs`: queries too, which `log` and `countQueries` need, and which cost time. */
  static async start({ durable = false, maxConnections = 3, logs = true } = {}): Promise<TestBackend> {
    const dir = await mkdtemp(join(tmpdir(), 'maydan-api-'));
    await copyMigratedCluster(join(dir, 'pg'));
    const [postgres, redis] = await Promise.all([
      startPostgres({ dir: join(dir, 'pg'), durable }),
      startRedis({ dir: join(dir, 'redis') }),
    ]);
    const backend = new TestBackend(dir, postgres, redis, { maxConnections, logs });
    try {
      await backend.database.$connect();
      return backend;
    } catch (error) {
      await backend.close();
      throw error;
    }
  }

  private constructor(
    dir: string,
    postgres: EmbeddedPostgres,
    redisServer: EmbeddedRedis,
    { maxConnections, logs }: { maxConnections: number; logs: boolean },
  ) {
    this.#dir = dir;
    this.#postgres = postgres;
    this.#redisServer = redisServer;
    const write = (line: string): void => void this.#log.push(line);
    this.logger = createLogger('api', logs ? 'trace' : 'warn', { write });
    this.database = createPrisma(postgres.url, { maxConnections });
    this.redis = createRedis(redisServer.url, this.logger);
  }

  /** An api on free ports; `environment` adds to or replaces its configuration. */
  async startApi(environment: Record<string, string> = {}): Promise<TestApi> {
    const config = configSchema.parse({ ...this.#environment, ...environment });
    const api = new TestApi(await Api.create(config, this.logger), TestBackend.internalSecret);
    this.#apis.push(api);
    return api;
  }

  /** An api as a process of its own, at this port (0: any free one). */
  async startProcess(port = 0, environment: Record<string, string> = {}): Promise<ApiProcess> {
    const started = await ApiProcess.start({
      ...this.#environment,
      ...environment,
      API_PORT: String(port),
    });
    this.#processes.push(started);
    return started;
  }

  get #environment(): Record<string, string> {
    return {
      NODE_ENV: 'test',
      API_HOST: '127.0.0.1',
      API_PORT: '0',
      OPS_PORT: '0',
      DATABASE_URL: this.#postgres.url,
      DATABASE_POOL_SIZE: '6',
      REDIS_URL: this.#redisServer.url,
      INTERNAL_SECRET: TestBackend.internalSecret,
      ACCESS_TOKEN_SECRET: TestBackend.accessTokenSecret,
      // Nothing listens there: who tests files gives an address.
      S3_ENDPOINT: 'http://127.0.0.1:9',
      S3_ACCESS_KEY_ID: 'key',
      S3_SECRET_ACCESS_KEY: 'secret',
      RTMP_PUBLIC_URL: 'rtmp://127.0.0.1:1935/live',
      AUTH_RATE_PER_ADDRESS: '10000',
      TIDYING_PERIOD_MS: '5000',
      STREAM_KEY_FAILURES_PER_ADDRESS: '10000',
    };
  }

  /** Changes somebody's role in the database, as the first admin gets theirs. */
  async giveRole({ user: { id } }: Account, role: Role): Promise<void> {
    await this.database.user.update({ where: { id }, data: { role } });
  }

  /** Address of the Redis that all apis share. */
  get redisUrl(): string {
    return this.#redisServer.url;
  }

  get databaseUrl(): string {
    return this.#postgres.url;
  }

  /** All that the apis of this backend have logged, at every level. */
  get log(): string {
    return this.#log.join('');
  }

  /**
   * How many SQL statements the apis send for some work, the least of three times: the first may fill what is remembered.
   * What they send by themselves doesn't count.
   */
  async countQueries(work: () => Promise<unknown>): Promise<number> {
    const counts: number[] = [];
    for (let round = 0; round < 3; round++) {
      const before = this.#log.length;
      await work();
      counts.push(
        this.#log
          .slice(before)
          .filter((line) => line.includes('"askedBy":') && line.includes('"msg":"query"')).length,
      );
    }
    return Math.min(...counts);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#apis, ...this.#processes].map((api) => api.close()));
    await this.database.$disconnect();
    this.redis.disconnect();
    await Promise.all([this.#postgres.close(), this.#redisServer.close()]);
    await rm(this.#dir, { recursive: true, force: true });
  }
}
