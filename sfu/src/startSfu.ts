import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import {
  announceNode,
  announceSfuNode,
  createRedis,
  createRegistry,
  FactWriter,
  Heartbeat,
  OpsServer,
  ViewerBeats,
  withdrawSfuNode,
} from '@maydan/common';
import type { Lifecycle, Logger, Redis } from '@maydan/common';
import { sfuNodeTtlMs } from '@maydan/contracts';
import type { Router } from 'express';
import { nodeIdOf } from './config.ts';
import type { SfuConfig } from './config.ts';
import { createSfuApp } from './createSfuApp.ts';
import type { SfuContext } from './createSfuApp.ts';
import { registerMetrics } from './metrics.ts';
import { CommandListener } from './nodes/CommandListener.ts';
import { takeKeptMutes } from './nodes/keptMutes.ts';
import { StageFacts } from './nodes/StageFacts.ts';
import { StageHealth } from './nodes/StageHealth.ts';
import type { Room } from './rooms/Room.ts';
import { Rooms } from './rooms/Rooms.ts';
import { Mesh } from './mesh/Mesh.ts';
import { registerMeshMetrics } from './mesh/registerMeshMetrics.ts';
import { SignalingServer } from './signaling/SignalingServer.ts';
import { createWhip } from './whip/index.ts';
import { PeerViewers } from './viewing/PeerViewers.ts';
import { checkPlainPorts } from './workers/checkPlainPorts.ts';
import { plainAddress, webRtcAddresses } from './workers/listenAddresses.ts';
import type { ListenAddress } from './workers/PooledWorker.ts';
import { WorkerPool } from './workers/WorkerPool.ts';

export interface RunningSfu {
  readonly pool: WorkerPool;
  readonly rooms: Rooms;
  readonly signaling: SignalingServer;
  readonly nodeId: string;
  readonly httpPort: number;
  readonly opsPort: number;
}

/** The api forgets the people of a node 9 s after its last word at the earliest (StageSweep). */
const forgottenMs = 8_000;

/** The routes of other protocols, under the paths of the design (`/whip`, `/whep`). */
const routerFactories: readonly ((context: SfuContext) => Router)[] = [createWhip];

/**
 * Starts Workers, rooms, signaling and the ops server; everything is closed by the lifecycle: first the node is no
 * longer offered, then its people are sent to other nodes.
 */
export async function startSfu(config: SfuConfig, logger: Logger, lifecycle: Lifecycle): Promise<RunningSfu> {
  const redis = createRedis(config.REDIS_URL, logger, { name: 'sfu' });
  lifecycle.own('redis', () => redis.disconnect());
  const facts = new FactWriter(redis, logger);
  lifecycle.own('facts', () => facts.close());
  const pool = await startWorkers(config, logger);
  lifecycle.own('workers', () => pool.close());

  const http = createServer();
  http.listen(config.SFU_PORT, config.SFU_HOST);
  await once(http, 'listening');
  lifecycle.own('http server', () => closeServer(http));
  const httpPort = (http.address() as AddressInfo).port;
  const nodeId = nodeIdOf(config, httpPort);
  const internalUrl = config.SFU_INTERNAL_URL ?? `http://127.0.0.1:${httpPort}`;

  const address = await plainAddress(internalUrl);
  await checkPlainPorts(pool, { address, portRange: portRange(config) });
  const mesh = startMesh(config, { redis, nodeId, internalUrl, address, logger, lifecycle });
  const prepare = async (room: Room): Promise<void> => {
    await Promise.all([mesh.add(room), takeKeptMutes(redis, room, logger)]);
  };
  const rooms = createRooms(config, pool, address, prepare, logger);
  const viewers = new PeerViewers({ rooms, beats: new ViewerBeats(redis), logger });
  lifecycle.own('viewers', () => viewers.close());
  // Before anybody is let in: who was sent out is known first.
  const subscriber = createRedis(config.REDIS_URL, logger, { maxWaitMs: null, name: 'sfu-commands' });
  lifecycle.own('commands', () => subscriber.disconnect());
  const obey = rooms.obey.bind(rooms);
  await CommandListener.create({ subscriber, redis, obey, logger });
  const stageFacts = new StageFacts(rooms, facts, nodeId);
  const health = new StageHealth({ rooms, facts, nodeId, portRange: portRange(config), logger });
  lifecycle.own('stage health', () => health.close());
  const registry = createRegistry('sfu');
  const metrics = registerMetrics(registry, pool, rooms);
  registerMeshMetrics(registry, mesh);
  const context: SfuContext = { config, rooms, logger, nodeId };
  http.on(
    'request',
    createSfuApp([...routerFactories.map((create) => create(context)), mesh.routes], context),
  );
  const signaling = new SignalingServer({
    http,
    rooms,
    secret: config.INTERNAL_SECRET,
    graceMs: config.SFU_PEER_GRACE_MS,
    metrics,
    logger,
  });
  lifecycle.own('signaling', () => signaling.close());
  lifecycle.own('rooms', () => rooms.close());

  const pingRedis = async (): Promise<void> => void (await redis.ping());
  const ops = await OpsServer.create({
    service: 'sfu',
    host: config.OPS_HOST,
    port: config.OPS_PORT,
    checks: { ready: { workers: () => pool.check(), redis: pingRedis }, db: { redis: pingRedis } },
    registry,
  });
  lifecycle.own('ops server', () => ops.close());

  const describe = () => ({
    nodeId,
    publicUrl: config.SFU_PUBLIC_URL ?? null,
    publicPort: httpPort,
    internalUrl,
    load: rooms.load,
    rooms: rooms.all.map(({ sessionId }) => sessionId),
  });
  /** When the last word was begun that was said: one that stood still on its way may have been forgotten since, too. */
  let saidAtMs = Date.now();
  const announce = async (): Promise<void> => {
    const nowMs = Date.now();
    await announceSfuNode(redis, describe());
    if (nowMs - saidAtMs > forgottenMs) stageFacts.tellAgain();
    saidAtMs = nowMs;
  };
  const registration = await Heartbeat.create({
    announce,
    withdraw: () => withdrawSfuNode(redis, nodeId),
    everyMs: sfuNodeTtlMs / 3,
    logger,
  });
  const node = announceNode({ redis, service: 'sfu', nodeId, describe: () => reportOf(rooms), logger });
  lifecycle.own('node', () => node.close());
  lifecycle.own('registration', () => registration.close());
  // Who comes next is sent here.
  rooms.on('opened', () => void registration.renew());
  return { pool, rooms, signaling, nodeId, httpPort, opsPort: ops.port };
}

/** What admins are told of the node. */
function reportOf(rooms: Rooms) {
  const sessions = rooms.all.map(({ sessionId }) => sessionId);
  const peers = rooms.all.reduce((sum, room) => sum + room.peers.size, 0);
  return { load: rooms.load, work: { rooms: sessions.length, peers }, sessions };
}

async function startWorkers(config: SfuConfig, logger: Logger): Promise<WorkerPool> {
  return WorkerPool.create({
    size: config.SFU_WORKERS,
    settings: { workerBin: config.MEDIASOUP_WORKER_BIN, logLevel: 'warn' },
    listening: {
      port: config.SFU_RTC_PORT,
      addresses: await webRtcAddresses(config.SFU_ANNOUNCED_ADDRESS, networkInterfaces()),
      portRange: portRange(config),
    },
    logger,
  });
}

/** Closed after the rooms, so that other nodes are told of their end. */
function startMesh(
  config: SfuConfig,
  parts: {
    redis: Redis;
    nodeId: string;
    internalUrl: string;
    address: ListenAddress;
    logger: Logger;
    lifecycle: Lifecycle;
  },
): Mesh {
  const { redis, nodeId, internalUrl, address, logger, lifecycle } = parts;
  const subscriber = createRedis(config.REDIS_URL, logger, { maxWaitMs: null, name: 'sfu-mesh' });
  lifecycle.own('mesh subscriber', () => subscriber.disconnect());
  const pipes = { address, portRange: portRange(config), srtp: config.SFU_PIPE_SRTP };
  const secret = config.INTERNAL_SECRET;
  const mesh = new Mesh({ redis, subscriber, nodeId, internalUrl, secret, pipes, logger });
  lifecycle.own('mesh', () => mesh.close());
  return mesh;
}

function createRooms(
  config: SfuConfig,
  pool: WorkerPool,
  address: ListenAddress,
  prepare: (room: Room) => Promise<void>,
  logger: Logger,
): Rooms {
  return new Rooms({
    pool,
    prepare,
    consumersPerWorker: config.SFU_CONSUMERS_PER_WORKER,
    transports: {
      plainAddress: address,
      portRange: portRange(config),
      maxIncomingBitrateBps: config.SFU_MAX_INCOMING_BITRATE_BPS,
      ice: { stunUrls: config.SFU_STUN_URLS, turnUrls: config.TURN_URLS, turnSecret: config.TURN_SECRET },
    },
    logger,
  });
}

function portRange(config: SfuConfig): { min: number; max: number } {
  return { min: config.SFU_RTC_MIN_PORT, max: config.SFU_RTC_MAX_PORT };
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
