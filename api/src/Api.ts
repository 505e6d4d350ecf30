import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import {
  announceNode,
  createRedis,
  createRegistry,
  JobProducer,
  Lifecycle,
  newNodeId,
  OpsServer,
  runJobs,
  type Logger,
  type Redis,
} from '@maydan/common';
import type { Fact, JobData } from '@maydan/contracts';
import { createPrisma } from '@maydan/prisma';
import type { ApiConfig } from './config.ts';
import { createServices, type Services } from './createServices.ts';
import { FactsConsumer } from './facts/FactsConsumer.ts';
import type { FactsHandler } from './facts/facts.handler.ts';
import { createApp } from './http/createApp.ts';
import { uploadDeadlineMs } from './http/bodyDeadline.ts';
import { requestScope } from './http/requestScope.ts';
import { SignInRevocations } from './identity/SignInRevocations.ts';
import { ApiMetrics } from './ops/ApiMetrics.ts';
import { PushPutOff } from './push/PushSender.ts';
import { StreamEmitter } from './realtime/Emitter.ts';
import { EventStream } from './realtime/EventStream.ts';
import { RememberedConnections } from './realtime/RememberedConnections.ts';
import { SocketServer } from './realtime/SocketServer.ts';
import { SweepTimer, type Swept } from './sessions/SweepTimer.ts';
import { heartbeatDoor } from './viewing/heartbeatDoor.ts';

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
      const { port, opsPort } = await start({ config, logger, lifecycle });
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

interface Parts {
  readonly config: ApiConfig;
  readonly logger: Logger;
  readonly lifecycle: Lifecycle;
}

async function start(parts: Parts): Promise<{ port: number; opsPort: number }> {
  const { config, lifecycle } = parts;
  const connections = await connect(parts);
  const registry = createRegistry('api');
  const metrics = new ApiMetrics(registry);
  const services = createServices({ ...parts, ...connections, metrics });
  const checkDatabase = async (): Promise<void> => void (await connections.database.$queryRaw`SELECT 1`);
  const checkRedis = async (): Promise<void> => void (await connections.redis.ping());
  const checks = {
    ready: { database: checkDatabase, redis: checkRedis },
    db: { database: checkDatabase },
  };
  const facts = createFacts(parts, connections.redis, services.facts, metrics, checkDatabase);
  const sweep = createSweep(parts, services);
  lifecycle.own('passwords', () => services.passwords.close());
  lifecycle.own('session room', () => services.room.close());
  lifecycle.own('health', () => services.health.close());
  lifecycle.own('delayed messages', () => services.delayedMessages.close());
  lifecycle.own('viewing', () => services.viewing.viewing.close());
  lifecycle.own('counting of viewers', () => services.viewing.keeping.close());
  lifecycle.own('webhook pump', () => services.webhooks.pump.close());
  lifecycle.own('analytics', () => services.analytics.counting.close());
  lifecycle.own('access keeping', () => services.accessKeeping.close());
  lifecycle.own('typing', () => services.typing.close());
  lifecycle.own('presence', () => services.presenceKeeper.close());
  lifecycle.own('due pushes', () => services.duePushes.close());
  lifecycle.own('outbox', () => services.outbox.close());
  lifecycle.own('gift news', () => services.giftNews.close());
  const mediaSweep = createTidying(parts, 'media sweep', services.media.sweep);
  const reconciling = createTidying(parts, 'reconciliation', services.reconciliation);
  const moderationSweep = createTidying(parts, 'moderation sweep', services.moderation.accountBans);
  const statusesSweep = createTidying(parts, 'statuses sweep', services.statuses.sweep);
  lifecycle.own('statuses', () => services.statuses.announcer.close());
  const exportSweep = createTidying(parts, 'export sweep', services.personalData.exportSweep);
  const { OPS_HOST: host, OPS_PORT: opsPort } = config;
  const ops = await OpsServer.create({ service: 'api', host, port: opsPort, checks, registry });
  lifecycle.own('ops', () => ops.close());
  const app = await createApp({ ...parts, ...services, checks, metrics });
  const server = createHttpServer(heartbeatDoor(services.viewing.viewing, app));
  lifecycle.own('http', () => closeServer(server));
  const sockets = createSockets(parts, server, services, connections);
  const reading = connections.stream.start(sockets.listener);
  // Sockets are refused until Redis is there, and such a client has to ask again by itself.
  await Promise.race([reading, delay(slowRedisMs, undefined, { ref: false })]);
  metrics.watch({
    countSessions: () => services.sessionsRepo.countByState(),
    factsLag: () => facts.lag(),
    countSockets: () => sockets.connections,
    reconciled: () => services.reconciliation.last(),
    jobs: connections.jobs,
  });
  server.listen(config.API_PORT, config.API_HOST);
  await once(server, 'listening');
  facts.start();
  runOwnJobs(parts, services);
  sweep.start();
  services.viewing.keeping.start();
  services.analytics.counting.start();
  services.webhooks.pump.start();
  services.accessKeeping.start();
  services.presenceKeeper.start();
  services.outbox.start();
  services.giftNews.start();
  mediaSweep.start();
  reconciling.start();
  statusesSweep.start();
  moderationSweep.start();
  exportSweep.start();
  services.duePushes.start();
  const node = announceNode({
    ...{ redis: connections.redis, service: 'api', nodeId: newNodeId(), logger: parts.logger },
    describe: () => ({ work: { sockets: sockets.connections } }),
  });
  lifecycle.own('node', () => node.close());
  return { port: (server.address() as AddressInfo).port, opsPort: ops.port };
}

async function connect({ config, logger, lifecycle }: Parts) {
  const onQuery = (sql: string, durationMs: number): void =>
    logger.trace({ sql, durationMs, askedBy: requestScope.getStore() }, 'query');
  const database = createPrisma(config.DATABASE_URL, {
    maxConnections: config.DATABASE_POOL_SIZE,
    ...(logger.isLevelEnabled('trace') ? { onQuery } : {}),
  });
  lifecycle.own('database', () => database.$disconnect());
  // Loads the query compiler before the first request needs it; a database that is away may come later.
  await database.$connect().catch((error: unknown) => logger.warn({ err: error }, 'the database is away'));
  const redis = createRedis(config.REDIS_URL, logger, { name: 'api' });
  lifecycle.own('redis', () => redis.disconnect());
  // Closed by the stream, whose read would hold it otherwise.
  const blockingRedis = createRedis(config.REDIS_URL, logger, { name: 'api-sockets', maxWaitMs: null });
  const stream = new EventStream({ redis, blockingRedis, maxEntries: config.SOCKET_STREAM_ENTRIES, logger });
  lifecycle.own('socket stream', () => stream.close());
  const subscriber = createRedis(config.REDIS_URL, logger, { name: 'api-subscriber', maxWaitMs: null });
  lifecycle.own('subscriber', () => subscriber.disconnect());
  const jobs = new JobProducer(redis);
  lifecycle.own('queues', () => jobs.close());
  return {
    ...{ database, redis, jobs, stream },
    emitter: new StreamEmitter(stream, logger),
    revocations: new SignInRevocations(redis, subscriber, logger),
  };
}

function createFacts(
  { config, logger, lifecycle }: Parts,
  redis: Redis,
  handler: FactsHandler,
  metrics: ApiMetrics,
  check: () => Promise<void>,
): FactsConsumer {
  // Closed by the consumer, whose read would hold it otherwise.
  const blockingRedis = createRedis(config.REDIS_URL, logger, { name: 'api-facts', maxWaitMs: null });
  const handle = async (fact: Fact): Promise<void> => {
    await handler.handle(fact);
    metrics.factHandled(fact.type, fact.at);
  };
  const facts = new FactsConsumer({ redis, blockingRedis, handle, check, logger });
  lifecycle.own('facts', () => facts.close());
  return facts;
}

/** A Redis that is only slow answers by then; one that is away delays nothing else for longer. */
const slowRedisMs = 5_000;
/** How soon another process goes on with the job of one that died. */
const takenOver = { lockDuration: 15_000, stalledInterval: 5_000 };

/** As long as the push service wishes, else twice as long each time: half an hour at most. */
const pushBackoff = (firstMs: number) => (attempt: number, _type?: string, error?: Error) => {
  const wished = error instanceof PushPutOff ? (error.retryAfterSec ?? 0) * 1_000 : 0;
  return Math.min(Math.max(wished, firstMs * 2 ** (attempt - 1)), 1_800_000);
};

/** Jobs that the api runs itself, as the writer of its tables. */
function runOwnJobs({ config, logger, lifecycle }: Parts, services: Services): void {
  const { personalData, push, webhooks } = services;
  const connection = createRedis(config.REDIS_URL, logger, { name: 'api-jobs', maxWaitMs: null });
  lifecycle.own('job connection', () => connection.disconnect());
  const erase = ({ userId }: JobData<'account.erase'>) => personalData.deletion.erase(userId);
  const jobs = runJobs('account.erase', erase, { connection, logger, ...takenOver });
  const settings = { backoffStrategy: pushBackoff(config.PUSH_RETRY_MS) };
  const options = { connection, logger, concurrency: 20, settings, ...takenOver };
  const pushes = runJobs('push.send', (data) => push.send(data), options);
  pushes.on('failed', (job, error) => logger.warn({ err: error, jobId: job?.id }, 'a push was not sent'));
  const exports = runJobs(
    'account.export',
    ({ exportId }, { signal }) => personalData.exportJob.run(exportId, signal),
    { connection, logger, ...takenOver },
  );
  exports.on('failed', (job, error) => logger.warn({ err: error, jobId: job?.id }, 'an export was not made'));
  // One job is one endpoint: so many slow ones hold up none of the others.
  const deliveries = runJobs(
    'webhook.deliver',
    (data, { signal }) => webhooks.deliverer.deliver(data, signal),
    {
      ...{ connection, logger, concurrency: 50, lockDuration: 10_000, stalledInterval: 3_000 },
    },
  );
  deliveries.on('failed', (job, error) =>
    logger.warn({ err: error, jobId: job?.id }, 'webhooks were not sent'),
  );
  lifecycle.own('webhooks', () => deliveries.close(true));
  // A job under way is done again, here or by another api; it doesn't hold the process.
  lifecycle.own('exports', () => exports.close(true));
  lifecycle.own('pushes', () => pushes.close(true));
  lifecycle.own('own jobs', () => jobs.close(true));
}

function createSweep({ logger, lifecycle }: Parts, services: Services): SweepTimer {
  const {
    sweep,
    signIns,
    phones,
    emails,
    conversationsSweep,
    personalData,
    notifications,
    push,
    wallet,
    reports,
  } = services;
  const timer = new SweepTimer({
    sweep,
    hourly: () =>
      Promise.all([
        signIns.deleteExpired(new Date()),
        phones.deleteExpired(new Date()),
        emails.deleteExpired(new Date()),
        conversationsSweep.deleteGone(),
        personalData.deletion.resume(),
        notifications.deleteOld(new Date()),
        push.removeEnded(new Date()),
        wallet.deleteOldKeys(new Date()),
        reports.deleteOld(new Date()),
        services.webhooks.deliverer.deleteOld(new Date()),
      ]),
    logger,
  });
  lifecycle.own('sweep', () => timer.close());
  return timer;
}

function createTidying({ config, logger, lifecycle }: Parts, name: string, sweep: Swept): SweepTimer {
  const timer = new SweepTimer({ sweep, periodMs: config.TIDYING_PERIOD_MS, logger });
  lifecycle.own(name, () => timer.close());
  return timer;
}

function createSockets(
  { config, logger, lifecycle }: Parts,
  server: Server,
  { gateway, signIns, limits }: Services,
  { redis, stream, revocations }: Awaited<ReturnType<typeof connect>>,
): SocketServer {
  const sockets = new SocketServer(server, {
    ...{ config, gateway, stream, logger },
    remembered: new RememberedConnections(redis),
    authenticate: (token) => signIns.authenticate(`Bearer ${token}`),
    current: (userId, signInId) => signIns.current(userId, signInId),
    countMessage: (userId, cost, name) => limits.socketMessage(userId, cost, name === 'message:send'),
  });
  lifecycle.own('sockets', () => sockets.close());
  revocations
    .listen((signInIds) => sockets.endSignIns(signInIds))
    .catch((error: unknown) => logger.error({ err: error }, 'ended sign-ins are not heard of'));
  return sockets;
}

/** A client that sends slowly is let go (`bodyDeadline`, and uploads after a time); one that says nothing keeps no connection. */
function createHttpServer(app: RequestListener): Server {
  return createServer(
    { requestTimeout: uploadDeadlineMs, headersTimeout: 15_000, keepAliveTimeout: 10_000 },
    app,
  );
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  const impatient = setTimeout(() => server.closeAllConnections(), 3_000);
  await closed;
  clearTimeout(impatient);
}
