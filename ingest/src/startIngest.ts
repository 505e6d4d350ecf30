import {
  announceNode,
  createRedis,
  createRegistry,
  FactWriter,
  GuessLimiter,
  newNodeId,
  OpsServer,
  relayPath,
  RelayServer,
  type Lifecycle,
  type Logger,
} from '@maydan/common';
import { Authorizer } from './authorize/Authorizer.ts';
import { Commands } from './Commands.ts';
import type { IngestConfig } from './config.ts';
import { createMetrics, registerGauges, type Metrics } from './metrics.ts';
import { PublishGate } from './PublishGate.ts';
import { Publishes } from './Publishes.ts';
import { RtmpServer } from './rtmp/RtmpServer.ts';

/** Ports in use; those that were configured as 0 were chosen by the system. */
export interface IngestPorts {
  readonly rtmp: number;
  readonly rtmps: number | undefined;
  readonly relay: number;
  readonly ops: number;
}

/**
 * Puts ingest together and starts it. The lifecycle owns every part: at shutdown publishes end with `shutdown`,
 * their facts are sent, then Redis is left. Rejects when a port is taken or the certificate can't be read.
 */
export async function startIngest(
  config: IngestConfig,
  logger: Logger,
  lifecycle: Lifecycle,
): Promise<IngestPorts> {
  const registry = createRegistry('ingest');
  const metrics = createMetrics(registry);
  const redis = createRedis(config.REDIS_URL, logger, { name: 'ingest' });
  lifecycle.own('redis', () => redis.disconnect());
  const facts = new FactWriter(redis, logger);
  lifecycle.own('facts', () => facts.close());

  let relayUrl = '';
  const relayUrlOf = (sessionId: string, epoch: number): string => relayUrl + relayPath(sessionId, epoch);
  const publishes = new Publishes({ facts, relayUrlOf, logger });
  const relay = await startRelay(config, publishes, metrics, logger);
  lifecycle.own('relay', () => relay.close());
  relayUrl = config.RELAY_BASE_URL ?? `http://${reachableHost(config.RELAY_HOST)}:${relay.port}`;

  const authorizer = new Authorizer({
    apiUrl: config.API_INTERNAL_URL,
    internalSecret: config.INTERNAL_SECRET,
    timeoutMs: config.AUTHORIZE_TIMEOUT_MS,
    logger,
  });
  const guesses = new GuessLimiter(config.MAX_REFUSALS_PER_MINUTE);
  const gate = new PublishGate({ authorizer, guesses, publishes, metrics, logger });
  const rtmp = await startRtmp(config, gate, metrics, logger);
  lifecycle.own('rtmp', () => rtmp.close());
  lifecycle.own('authorizer', () => authorizer.close());
  const subscriber = createRedis(config.REDIS_URL, logger, { maxWaitMs: null, name: 'ingest-commands' });
  const commands = new Commands({ redis, subscriber, publishes, logger });
  lifecycle.own('commands', () => commands.close());

  registerGauges(registry, {
    publishers: () => publishes.count,
    connections: () => rtmp.connectionCount,
    relayConsumers: () => publishes.consumerCount,
  });
  const pingRedis = async (): Promise<void> => void (await redis.ping());
  const isListening = (): Promise<void> =>
    rtmp.isListening ? Promise.resolve() : Promise.reject(new Error('not listening'));
  const ready = { rtmp: isListening, redis: pingRedis, api: () => authorizer.checkReachable() };
  const ops = await OpsServer.create({
    service: 'ingest',
    host: config.OPS_HOST,
    port: config.OPS_PORT,
    checks: { ready, db: { redis: pingRedis } },
    registry,
  });
  lifecycle.own('ops', () => ops.close());
  const describe = () => ({
    load: rtmp.connectionCount / config.MAX_CONNECTIONS,
    work: { publishes: publishes.count, connections: rtmp.connectionCount, relays: publishes.consumerCount },
    sessions: publishes.list().map(({ sessionId }) => sessionId),
  });
  const node = announceNode({ redis, service: 'ingest', nodeId: newNodeId(), describe, logger });
  lifecycle.own('node', () => node.close());
  return { rtmp: rtmp.port, rtmps: rtmp.tlsPort, relay: relay.port, ops: ops.port };
}

function startRelay(
  config: IngestConfig,
  publishes: Publishes,
  metrics: Metrics,
  logger: Logger,
): Promise<RelayServer> {
  return RelayServer.create({
    host: config.RELAY_HOST,
    port: config.RELAY_PORT,
    internalSecret: config.INTERNAL_SECRET,
    find: (sessionId, epoch) => publishes.relayOf(sessionId, epoch),
    logger,
    relayed: (byteLength) => metrics.relayedBytes.inc(byteLength),
    dropped: () => metrics.relayDropped.inc(),
  });
}

function startRtmp(
  config: IngestConfig,
  events: PublishGate,
  metrics: Metrics,
  logger: Logger,
): Promise<RtmpServer> {
  const { RTMPS_PORT: tlsPort, TLS_KEY_FILE: keyFile, TLS_CERT_FILE: certFile } = config;
  const hasTls = tlsPort !== undefined && keyFile !== undefined && certFile !== undefined;
  return RtmpServer.create({
    host: config.RTMP_HOST,
    port: config.RTMP_PORT,
    tls: hasTls ? { port: tlsPort, keyFile, certFile } : undefined,
    timeouts: { handshakeMs: config.HANDSHAKE_TIMEOUT_MS, publishMs: config.PUBLISH_TIMEOUT_MS },
    limits: { total: config.MAX_CONNECTIONS, perAddress: config.MAX_CONNECTIONS_PER_ADDRESS },
    events,
    turnedAway: (address) => {
      metrics.refused.inc({ reason: 'tooManyConnections' });
      logger.debug({ address }, 'too many connections');
    },
    logger,
  });
}

/** An address that listens everywhere can't be connected to; who is told it runs on this machine. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
