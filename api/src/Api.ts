import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRedis, createRegistry, JobProducer, Lifecycle, OpsServer, type Logger } from '@maydan/common';
import { createPrisma } from '@maydan/prisma';
import type { Express } from 'express';
import type { ApiConfig } from './config.ts';
import { createServices } from './createServices.ts';
import { FactsConsumer } from './facts/FactsConsumer.ts';
import { createApp } from './http/createApp.ts';
import { ApiMetrics } from './ops/ApiMetrics.ts';
import { SessionAnnouncer } from './realtime/SessionAnnouncer.ts';
import { SocketServer } from './realtime/SocketServer.ts';
import { SweepTimer } from './sessions/SweepTimer.ts';

/** The running api: HTTP, sockets, facts and the sweep. PostgreSQL and Redis may come and go meanwhile. */
export class Api {
  readonly port: number;
  readonly opsPort: number;
  readonly #lifecycle: Lifecycle;

  private constructor(port: number, opsPort: number, lifecycle: Lifecycle) {
    this.port = port;
    this.opsPort = opsPort;
    this.#lifecycle = lifecycle;
  }

  /** Resolves when requests are answered. Rejects, with everything closed again, when a port can't be had. */
  static async create(config: ApiConfig, logger: Logger): Promise<Api> {
    const lifecycle = new Lifecycle(logger);
    try {
      const { port, opsPort } = await start(config, logger, lifecycle);
      return new Api(port, opsPort, lifecycle);
    } catch (error) {
      await lifecycle.shutdown();
      throw error;
    }
  }

  /** Answers what is at hand, then lets go of everything. */
  close(): Promise<void> {
    return this.#lifecycle.shutdown();
  }
}

async function start(
  config: ApiConfig,
  logger: Logger,
  lifecycle: Lifecycle,
): Promise<{ port: number; opsPort: number }> {
  const database = createPrisma(config.DATABASE_URL, { maxConnections: config.DATABASE_POOL_SIZE });
  lifecycle.own('database', () => database.$disconnect());
  // Loads the query compiler before the first request needs it; a database that is away may come later.
  await database.$connect().catch((error: unknown) => logger.warn({ err: error }, 'the database is away'));
  const connect = (name: string, maxWaitMs?: null) => {
    const redis = createRedis(config.REDIS_URL, logger, { name: `api-${name}`, maxWaitMs });
    lifecycle.own(`redis ${name}`, () => redis.disconnect());
    return redis;
  };
  const redis = connect('commands');
  const jobs = new JobProducer(redis);
  lifecycle.own('queues', () => jobs.close());
  const announcer = new SessionAnnouncer(redis, connect('announcements', null), logger);
  const services = createServices({ config, database, redis, jobs, announcer, logger });
  const checkDatabase = async (): Promise<void> => void (await database.$queryRaw`SELECT 1`);
  const checkRedis = async (): Promise<void> => void (await redis.ping());
  const checks = {
    ready: { database: checkDatabase, redis: checkRedis },
    db: { database: checkDatabase },
  };
  const registry = createRegistry('api');
  const metrics = new ApiMetrics(registry);
  const facts = new FactsConsumer({
    redis,
    // Closed by the consumer, whose read it would otherwise hold.
    blockingRedis: createRedis(config.REDIS_URL, logger, { name: 'api-facts', maxWaitMs: null }),
    handle: async (fact) => {
      await services.facts.handle(fact);
      metrics.factHandled(fact.type, fact.at);
    },
    check: checkDatabase,
    logger,
  });
  lifecycle.own('facts', () => facts.close());
  const sweep = new SweepTimer({
    sweep: services.sweep,
    hourly: () => services.identity.deleteExpired(new Date()),
    logger,
  });
  lifecycle.own('sweep', () => sweep.close());
  const { OPS_HOST: host } = config;
  const ops = await OpsServer.create({ service: 'api', host, port: config.OPS_PORT, checks, registry });
  lifecycle.own('ops', () => ops.close());
  const app = await createApp({ ...services, config, logger, checks, metrics });
  const server = createHttpServer(app);
  lifecycle.own('http', () => closeServer(server));
  const sockets = new SocketServer(server, config, services.sessions, logger);
  lifecycle.own('sockets', () => sockets.close());
  metrics.watch({
    countSessions: () => services.sessionsRepo.countByState(),
    factsLag: () => facts.lag(),
    countSockets: () => sockets.connections,
    jobs,
  });
  void announcer
    .listen((sessionId) => void sockets.sessionChanged(sessionId))
    .catch((error: unknown) => logger.error({ err: error }, 'changes of sessions are not heard'));
  server.listen(config.API_PORT, config.API_HOST);
  await once(server, 'listening');
  facts.start();
  sweep.start();
  return { port: (server.address() as AddressInfo).port, opsPort: ops.port };
}

/** A client that sends slowly is let go; one that says nothing keeps no connection. */
function createHttpServer(app: Express): Server {
  return createServer({ requestTimeout: 30_000, headersTimeout: 15_000, keepAliveTimeout: 10_000 }, app);
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  const impatient = setTimeout(() => server.closeAllConnections(), 3_000);
  await closed;
  clearTimeout(impatient);
}
