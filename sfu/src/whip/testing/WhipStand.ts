import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLogger, mintJoinToken, type JoinGrant } from '@maydan/common';
import type { types } from 'mediasoup';
import { configSchema, type SfuConfig } from '../../config.ts';
import { createSfuApp } from '../../createSfuApp.ts';
import { Rooms } from '../../rooms/Rooms.ts';
import { workerBin } from '../../testing/workerBin.ts';
import { WorkerPool } from '../../workers/WorkerPool.ts';
import { createWhip } from '../createWhip.ts';
import { WhipApi } from './WhipApi.ts';

export interface WhipStandOptions {
  readonly graceMs?: number;
  readonly env?: Record<string, string>;
  readonly consumersPerWorker?: number;
  /** One unless told otherwise. */
  readonly workers?: number;
  /** Where WebRTC is listened for; `127.0.0.1` unless told otherwise. */
  readonly address?: string;
  readonly sessionType?: 'video' | 'audio';
  /** What clients are told instead of 127.0.0.1. */
  readonly announcedAddress?: string;
  /** Of all that is sent and received; the default one unless told otherwise. */
  readonly portRange?: types.TransportPortRange;
}

/** An environment that offers STUN and TURN servers. */
export const iceServersEnv = {
  SFU_STUN_URLS: 'stun:stun.example.org:3478',
  TURN_URLS: 'turn:turn.example.org:3478?transport=udp,turns:turn.example.org:5349',
  TURN_SECRET: 'a secret that coturn knows',
};

const logger = createLogger('sfu', 'silent');
export const internalSecret = 'a secret of the tests that is long enough';
const anyPorts = { min: 40_100, max: 49_999 };

/** WHIP and WHEP as the sfu serves them, with a real mediasoup Worker and a stand-in for the api. */
export class WhipStand {
  readonly pool: WorkerPool;
  readonly rooms: Rooms;
  readonly #server: Server;
  readonly #api: WhipApi;
  readonly #sessionType: 'video' | 'audio';

  static async start(options: WhipStandOptions = {}): Promise<WhipStand> {
    const { announcedAddress, workers = 1, address = '127.0.0.1', portRange = anyPorts } = options;
    const pool = await WorkerPool.create({
      size: workers,
      settings: { workerBin: workerBin(), logLevel: 'warn' },
      listening: { port: 0, addresses: [{ ip: address, announcedAddress }], portRange },
      logger,
    });
    const api = await WhipApi.start(internalSecret);
    const config = configSchema.parse({
      INTERNAL_SECRET: internalSecret,
      REDIS_URL: 'redis://127.0.0.1:1',
      SFU_PEER_GRACE_MS: String(options.graceMs ?? 500),
      API_INTERNAL_URL: api.url,
      ...options.env,
    });
    const stand = new WhipStand(pool, config, api, options);
    await once(stand.#server, 'listening');
    return stand;
  }

  private constructor(
    pool: WorkerPool,
    config: SfuConfig,
    api: WhipApi,
    { consumersPerWorker = 500, sessionType = 'video', portRange = anyPorts }: WhipStandOptions,
  ) {
    this.pool = pool;
    this.#api = api;
    this.#sessionType = sessionType;
    this.rooms = new Rooms({
      pool,
      consumersPerWorker,
      transports: {
        plainAddress: { ip: '127.0.0.1' },
        portRange,
        maxIncomingBitrateBps: config.SFU_MAX_INCOMING_BITRATE_BPS,
        ice: { stunUrls: config.SFU_STUN_URLS, turnUrls: config.TURN_URLS, turnSecret: config.TURN_SECRET },
      },
      logger,
    });
    const context = { config, rooms: this.rooms, logger, nodeId: 'node' };
    this.#server = createServer(createSfuApp([createWhip(context)], context));
    this.#server.listen(0, '127.0.0.1');
  }

  /** For example `http://127.0.0.1:1234`. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** A new stream key with its session. */
  allow(): ReturnType<WhipApi['allow']> {
    return this.#api.allow(this.#sessionType);
  }

  /** Who publishes with this key next is another peer; as the api does, it drops the one before. */
  async takeOver(streamKey: string): Promise<void> {
    await this.rooms.obey(this.#api.takeOver(streamKey));
  }

  /** A viewer's join token, unless `changes` say otherwise. */
  token(sessionId: string, changes: Partial<JoinGrant> = {}): string {
    return mintJoinToken(internalSecret, {
      peerId: randomUUID(),
      sessionId,
      role: 'viewer',
      userId: null,
      displayName: 'Viewer',
      sessionType: this.#sessionType,
      ...changes,
    });
  }

  async close(): Promise<void> {
    this.rooms.close();
    this.pool.close();
    await this.#api.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
