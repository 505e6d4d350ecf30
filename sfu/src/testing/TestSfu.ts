import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, createRedis, Lifecycle, mintJoinToken } from '@maydan/common';
import type { JoinGrant, Redis } from '@maydan/common';
import { sfuCommandChannel } from '@maydan/contracts';
import type { Fact, SfuCommand } from '@maydan/contracts';
import { startRedis } from '@maydan/infra';
import type { EmbeddedRedis } from '@maydan/infra';
import { configSchema } from '../config.ts';
import { startSfu } from '../startSfu.ts';
import type { RunningSfu } from '../startSfu.ts';
import { factsIn } from './factsIn.ts';
import { TestClient } from './TestClient.ts';
import { workerBin } from './workerBin.ts';

export const secret = 'n'.repeat(16) + 'f'.repeat(16);

/** A whole sfu on free ports with a Redis of its own; for component tests. */
export class TestSfu {
  readonly running: RunningSfu;
  readonly redis: Redis;
  readonly #lifecycle: Lifecycle;
  readonly #server: EmbeddedRedis;
  readonly #dir: string;
  readonly #clients = new Set<TestClient>();

  static async start(env: NodeJS.ProcessEnv = {}): Promise<TestSfu> {
    const dir = await mkdtemp(join(tmpdir(), 'maydan-sfu-'));
    const server = await startRedis({ dir });
    const logger = createLogger('sfu', 'silent');
    const lifecycle = new Lifecycle(logger);
    const config = configSchema.parse({
      REDIS_URL: server.url,
      INTERNAL_SECRET: secret,
      MEDIASOUP_WORKER_BIN: workerBin(),
      SFU_HOST: '127.0.0.1',
      SFU_PORT: '0',
      SFU_RTC_PORT: '0',
      OPS_PORT: '0',
      SFU_WORKERS: '1',
      ...env,
    });
    try {
      const running = await startSfu(config, logger, lifecycle);
      const redis = createRedis(server.url, logger);
      lifecycle.own('redis of the test', () => redis.disconnect());
      return new TestSfu({ running, redis, lifecycle, server, dir });
    } catch (error) {
      await lifecycle.shutdown();
      await server.close();
      await rm(dir, { recursive: true, force: true });
      throw error;
    }
  }

  private constructor(parts: {
    running: RunningSfu;
    redis: Redis;
    lifecycle: Lifecycle;
    server: EmbeddedRedis;
    dir: string;
  }) {
    this.running = parts.running;
    this.redis = parts.redis;
    this.#lifecycle = parts.lifecycle;
    this.#server = parts.server;
    this.#dir = parts.dir;
  }

  get url(): string {
    return `http://127.0.0.1:${this.running.httpPort}`;
  }

  token(grant: Partial<JoinGrant> = {}): string {
    return mintJoinToken(secret, {
      peerId: randomUUID(),
      sessionId: randomUUID(),
      role: 'host',
      userId: null,
      displayName: 'Somebody',
      sessionType: 'video',
      ...grant,
    });
  }

  /** A connected client that hasn't joined. Rejects with the error body of a refusal. */
  async connect(token: string): Promise<TestClient> {
    const client = new TestClient(this.url, token);
    this.#clients.add(client);
    client.socket.on('disconnect', () => this.#clients.delete(client));
    await client.connected();
    return client;
  }

  async join(grant: Partial<JoinGrant> = {}): Promise<TestClient> {
    const client = await this.connect(this.token(grant));
    await client.join();
    return client;
  }

  async command(command: SfuCommand): Promise<void> {
    await this.redis.publish(sfuCommandChannel, JSON.stringify(command));
  }

  /** All facts so far, oldest first. */
  async facts(): Promise<Fact[]> {
    return factsIn(this.redis);
  }

  /** What a metric shows, summed over its labels. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${this.running.opsPort}/metrics`)).text();
    return text
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.#lifecycle.shutdown();
    await this.#server.close();
    await rm(this.#dir, { recursive: true, force: true });
  }
}
