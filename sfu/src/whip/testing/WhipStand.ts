import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLogger, mintJoinToken, verifyInternalToken, type JoinGrant } from '@maydan/common';
import { whipAuthorizeInput, type WhipAuthorizeOutput } from '@maydan/contracts';
import { configSchema, type SfuConfig } from '../../config.ts';
import { createSfuApp } from '../../createSfuApp.ts';
import { Rooms } from '../../rooms/Rooms.ts';
import { workerBin } from '../../testing/workerBin.ts';
import { WorkerPool } from '../../workers/WorkerPool.ts';
import { createWhip } from '../createWhip.ts';

export interface WhipStandOptions {
  readonly graceMs?: number;
  readonly env?: Record<string, string>;
  readonly consumersPerWorker?: number;
  readonly sessionType?: 'video' | 'audio';
}

/** An environment that offers STUN and TURN servers. */
export const iceServersEnv = {
  SFU_STUN_URLS: 'stun:stun.example.org:3478',
  TURN_URLS: 'turn:turn.example.org:3478?transport=udp,turns:turn.example.org:5349',
  TURN_SECRET: 'a secret that coturn knows',
};

const logger = createLogger('sfu', 'silent');
const internalSecret = 'a secret of the tests that is long enough';
const portRange = { min: 40_100, max: 49_999 };

/**
 * WHIP and WHEP as the sfu serves them, with a real mediasoup Worker, and a stand-in for the one question it asks the api:
 * the stream keys it knows are those of `allow`.
 */
export class WhipStand {
  readonly pool: WorkerPool;
  readonly rooms: Rooms;
  readonly #servers: readonly Server[];
  readonly #grants: Map<string, WhipAuthorizeOutput>;
  readonly #sessionType: 'video' | 'audio';

  static async start(options: WhipStandOptions = {}): Promise<WhipStand> {
    const pool = await WorkerPool.create({
      size: 1,
      settings: { workerBin: workerBin(), logLevel: 'warn' },
      listening: { port: 0, addresses: [{ ip: '127.0.0.1' }], portRange },
      logger,
    });
    const grants = new Map<string, WhipAuthorizeOutput>();
    const api = createServer((request, response) => void answer(grants, request, response));
    const apiUrl = await listen(api);
    const config = configSchema.parse({
      INTERNAL_SECRET: internalSecret,
      REDIS_URL: 'redis://127.0.0.1:1',
      SFU_PEER_GRACE_MS: String(options.graceMs ?? 500),
      API_INTERNAL_URL: apiUrl,
      ...options.env,
    });
    const stand = new WhipStand(pool, config, api, grants, options);
    await once(stand.#servers[0] ?? api, 'listening');
    return stand;
  }

  private constructor(
    pool: WorkerPool,
    config: SfuConfig,
    api: Server,
    grants: Map<string, WhipAuthorizeOutput>,
    { consumersPerWorker = 500, sessionType = 'video' }: WhipStandOptions,
  ) {
    this.pool = pool;
    this.#grants = grants;
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
    const sfu = createServer(createSfuApp([createWhip(context)], context));
    sfu.listen(0, '127.0.0.1');
    this.#servers = [sfu, api];
  }

  /** For example `http://127.0.0.1:1234`. */
  get url(): string {
    return `http://127.0.0.1:${(this.#servers[0]?.address() as AddressInfo).port}`;
  }

  /** A new stream key with its session. */
  allow(): { streamKey: string; grant: WhipAuthorizeOutput } {
    const streamKey = `key-${randomUUID()}`;
    const grant = {
      sessionId: randomUUID(),
      playbackId: randomUUID().replaceAll('-', ''),
      sessionType: this.#sessionType,
      peerId: randomUUID(),
      userId: randomUUID(),
      displayName: 'Host',
    };
    this.#grants.set(streamKey, grant);
    return { streamKey, grant };
  }

  /** Who publishes with this key next is another peer; as the api does, it drops the one before. */
  async takeOver(streamKey: string): Promise<void> {
    const older = this.#grants.get(streamKey);
    if (older === undefined) throw new Error('no such key');
    this.#grants.set(streamKey, { ...older, peerId: randomUUID() });
    const { sessionId, peerId } = older;
    await this.rooms.obey({ type: 'removePeer', sessionId, whom: { peerId }, reason: 'takenOver' });
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
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** As the api's `POST /internal/whip/authorize`. */
async function answer(
  grants: ReadonlyMap<string, WhipAuthorizeOutput>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
  verifyInternalToken(internalSecret, request.headers.authorization?.replace(/^Bearer /, '') ?? '');
  const { streamKey } = whipAuthorizeInput.parse(JSON.parse(Buffer.concat(chunks).toString()));
  const grant = request.url === '/internal/whip/authorize' ? grants.get(streamKey) : undefined;
  const refusal = { error: { code: 'stream_key_refused', message: 'The stream key is not valid.' } };
  response.writeHead(grant === undefined ? 403 : 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(grant ?? refusal));
}
