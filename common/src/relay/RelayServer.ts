import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError, toAppError, toErrorBody } from '../AppError.ts';
import type { Logger } from '../logger.ts';
import { verifyRelayToken } from '../tokens.ts';
import type { RelayStream } from './RelayStream.ts';

export interface RelayServerOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly internalSecret: string;
  readonly find: (sessionId: string, epoch: number) => RelayStream | undefined;
  readonly logger: Logger;
  readonly consumerLimits?: ConsumerLimits;
  /** Told the bytes given to consumers, and when one was dropped for being too slow. */
  readonly relayed: (byteLength: number) => void;
  readonly dropped: () => void;
}

export interface ConsumerLimits {
  /** What may wait for one consumer; more than the largest GOP cache, which is given at once. */
  readonly waitingBytes: number;
  readonly perPublish: number;
}

const defaultConsumerLimits: ConsumerLimits = { waitingBytes: 32 * 2 ** 20, perPublish: 16 };
const relayPathPattern = /^\/relay\/([0-9a-f-]{36})\/([1-9]\d{0,8})\.flv$/;
/** Time for a consumer to take what is left after the publish has ended. */
const lastBytesMs = 10_000;
const headersTimeoutMs = 10_000;

/** FLV 1 with audio and video, and the first PreviousTagSize. Which tracks there are is known only by their tags. */
const flvHeader = Buffer.from([0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0]);

/** Path under which a publish is relayed; relay tokens are made out for it. */
export const relayPath = (sessionId: string, epoch: number): string => `/relay/${sessionId}/${epoch}.flv`;

/**
 * Serves publishes to workers as HTTP-FLV: `GET /relay/<sessionId>/<epoch>.flv` with a relay token for exactly this
 * path as bearer. Nobody else gets to know which paths exist.
 */
export class RelayServer {
  readonly #options: RelayServerOptions;
  readonly #limits: ConsumerLimits;
  readonly #server: Server;

  /** Rejects when the port is taken. */
  static async create(options: RelayServerOptions): Promise<RelayServer> {
    const relay = new RelayServer(options);
    relay.#server.listen(options.port, options.host);
    await once(relay.#server, 'listening');
    relay.#server.on('error', (error) => options.logger.error({ err: error }, 'relay listener in trouble'));
    return relay;
  }

  constructor(options: RelayServerOptions) {
    this.#options = options;
    this.#limits = options.consumerLimits ?? defaultConsumerLimits;
    this.#server = createServer({ headersTimeout: headersTimeoutMs }, (request, response) =>
      this.#answer(request, response),
    );
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends what is left of the answers; the publishes have been ended before. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    const deadline = setTimeout(() => this.#server.closeAllConnections(), 1_000);
    await closed;
    clearTimeout(deadline);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    try {
      this.#relay(this.#authorize(request), response);
    } catch (error) {
      const refusal = toAppError(error);
      this.#options.logger.info(
        { code: refusal.code, address: request.socket.remoteAddress },
        'relay request refused',
      );
      response.writeHead(refusal.status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      response.end(JSON.stringify(toErrorBody(refusal)));
    }
  }

  #authorize(request: IncomingMessage): RelayStream {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const [, sessionId, epoch] = relayPathPattern.exec(path) ?? [];
    if (sessionId === undefined || epoch === undefined) throw new AppError('not_found');
    const [, token] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (token === undefined) throw new AppError('unauthenticated', 'A relay token is needed.');
    verifyRelayToken(this.#options.internalSecret, token, path);
    if (request.method !== 'GET') throw new AppError('method_not_allowed');
    const stream = this.#options.find(sessionId, Number(epoch));
    if (stream === undefined) throw new AppError('not_found');
    if (stream.consumerCount >= this.#limits.perPublish) throw new AppError('overloaded');
    return stream;
  }

  #relay(stream: RelayStream, response: ServerResponse): void {
    const { relayed } = this.#options;
    response.writeHead(200, { 'content-type': 'video/x-flv', 'cache-control': 'no-store' });
    response.write(flvHeader);
    let lastBytes: NodeJS.Timeout | undefined;
    const leave = stream.join({
      write: ({ bytes }) => {
        if (response.destroyed) return;
        response.write(bytes);
        relayed(bytes.length);
        if (response.writableLength > this.#limits.waitingBytes) this.#drop(response);
      },
      end: () => {
        response.end();
        lastBytes = setTimeout(() => response.destroy(), lastBytesMs);
      },
    });
    response.on('close', () => {
      clearTimeout(lastBytes);
      leave();
    });
    // A consumer that goes away in the middle of a write is no news.
    response.on('error', () => undefined);
  }

  /** Better cut off than fed from a buffer that only grows; it may come back. */
  #drop(response: ServerResponse): void {
    response.destroy();
    this.#options.dropped();
    this.#options.logger.warn('a relay consumer was too slow and was dropped');
  }
}
