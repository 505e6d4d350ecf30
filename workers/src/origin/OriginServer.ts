import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError, type Logger } from '@maydan/common';
import { Exchange } from './http/Exchange.ts';
import { LivePlayback } from './http/LivePlayback.ts';
import { noMetrics, type OriginMetrics } from './http/OriginMetrics.ts';
import { OriginProxy } from './http/OriginProxy.ts';
import { OriginResponse, type OriginRequest } from './http/OriginResponse.ts';
import { corsHeaders, type Header } from './http/PreparedAnswer.ts';
import { remember } from './http/remember.ts';
import { parseRoute, type Route } from './http/route.ts';
import { SendDeadlines } from './http/SendDeadlines.ts';
import { StoredPlayback } from './http/StoredPlayback.ts';
import { LiveWindow } from './LiveWindow.ts';
import type { PlaybackDirectory, PlaybackPlace } from './PlaybackDirectory.ts';

export interface OriginServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly directory: PlaybackDirectory;
  readonly metrics?: OriginMetrics;
  readonly log?: Logger;
}

/** Pending connections the kernel queues; thousands of viewers come at once when a stream starts. */
const BACKLOG = 8192;
/**
 * A connection that moves no byte for this long is cut, between requests and within an answer alike (one timer,
 * never set anew, costs less than two). Longer than a held request, and than a gateway keeps idle connections,
 * so that it never sends into a closing one.
 */
const IDLE_MS = 75_000;
const RECEIVE_MS = 10_000;
const CLOSE_MS = 3_000;
/** While closing: connections are let go as their answers end. */
const SWEEP_MS = 50;

const routeOf = remember(parseRoute);

const ALLOWED = 'GET, HEAD, OPTIONS';
const preflightHeaders: readonly Header[] = [
  ['Access-Control-Allow-Methods', ALLOWED],
  ['Access-Control-Allow-Headers', 'Range, If-None-Match, If-Range'],
  ['Access-Control-Max-Age', '86400'],
  ['Allow', ALLOWED],
  ...corsHeaders,
];

function createHttpServer(handler: (request: OriginRequest, response: OriginResponse) => void) {
  const server = createServer(
    {
      ServerResponse: OriginResponse,
      noDelay: true,
      keepAliveTimeout: 0,
      headersTimeout: RECEIVE_MS,
      requestTimeout: RECEIVE_MS,
      optimizeEmptyRequests: true,
    },
    handler,
  );
  server.timeout = IDLE_MS;
  return server;
}

/**
 * The HLS origin: `/hls/<playbackId>/…` for playbacks that are live here, live on another origin (proxied), or
 * stored. HTTP/1.1 with keep-alive; TLS and HTTP/2 are the gateway's.
 */
export class OriginServer {
  readonly #options: OriginServerOptions;
  readonly #metrics: OriginMetrics;
  readonly #server: ReturnType<typeof createHttpServer>;
  readonly #proxy = new OriginProxy();
  readonly #stored = new StoredPlayback();
  readonly #deadlines = new SendDeadlines();
  readonly #live = new Map<LiveWindow, LivePlayback>();
  #closing: Promise<void> | null = null;

  /** Resolves when it listens; rejects when the port is taken. */
  static async create(options: OriginServerOptions): Promise<OriginServer> {
    const origin = new OriginServer(options);
    origin.#server.listen({ host: options.host, port: options.port, backlog: BACKLOG });
    await once(origin.#server, 'listening');
    return origin;
  }

  private constructor(options: OriginServerOptions) {
    this.#options = options;
    this.#metrics = options.metrics ?? noMetrics;
    this.#server = createHttpServer((request, response) => this.#handle(request, response));
  }

  get port(): number {
    const address: AddressInfo | string | null = this.#server.address();
    return address && typeof address === 'object' ? address.port : this.#options.port;
  }

  /** Stops listening, turns away who waits, lets answers finish for a moment. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const playback of [...this.#live.values()]) playback.close();
    const sweep = setInterval(() => this.#server.closeIdleConnections(), SWEEP_MS);
    const cut = setTimeout(() => this.#server.closeAllConnections(), CLOSE_MS);
    await closed;
    clearInterval(sweep);
    clearTimeout(cut);
    this.#proxy.close();
    this.#deadlines.close();
  }

  #handle(request: OriginRequest, response: OriginResponse): void {
    const exchange = new Exchange(request, response, { metrics: this.#metrics, deadlines: this.#deadlines });
    try {
      this.#serve(exchange)?.catch((error: unknown) => this.#fail(exchange, error));
    } catch (error) {
      this.#fail(exchange, error);
    }
  }

  /** Undefined when the answer was sent or the request is held. */
  #serve(exchange: Exchange): Promise<void> | undefined {
    const { method, url = '' } = exchange.request;
    if (method === 'OPTIONS') {
      exchange.sendPlain('preflight', 204, preflightHeaders, Buffer.alloc(0));
      return undefined;
    }
    if (method !== 'GET' && method !== 'HEAD') throw new AppError('method_not_allowed');
    const route = routeOf(url);
    if (!route) throw new AppError('not_found');
    const place = this.#options.directory.find(route.playbackId);
    if (place instanceof Promise) return this.#serveLater(exchange, route, place);
    return this.#serveFrom(place, exchange, route) ?? undefined;
  }

  async #serveLater(exchange: Exchange, route: Route, place: Promise<PlaybackPlace>): Promise<void> {
    const found = await place;
    if (!exchange.isOver) await this.#serveFrom(found, exchange, route);
  }

  #serveFrom(place: PlaybackPlace, exchange: Exchange, route: Route): void | Promise<void> {
    if (place === null) throw new AppError('not_found');
    if (place instanceof LiveWindow)
      return this.#playback(place).handle(exchange, route.resource, route.query);
    if ('proxyTo' in place) return this.#proxy.handle(exchange, place.proxyTo, route);
    return this.#stored.handle(exchange, route.playbackId, place.stored, route.resource);
  }

  #playback(window: LiveWindow): LivePlayback {
    const known = this.#live.get(window);
    if (known) return known;
    if (window.closed) throw new AppError('unavailable');
    const playback = new LivePlayback(window, this.#metrics, () => this.#live.delete(window));
    this.#live.set(window, playback);
    return playback;
  }

  /** Expected errors are told; anything else is logged and says nothing to the client. */
  #fail(exchange: Exchange, error: unknown): void {
    const known =
      error instanceof AppError ? error : new AppError('internal', undefined, undefined, { cause: error });
    if (known.status >= 500 && !exchange.isOver)
      this.#options.log?.error(
        { err: known.cause ?? known, url: exchange.request.url },
        'origin request failed',
      );
    exchange.sendError(known, known.code === 'method_not_allowed' ? [['Allow', ALLOWED]] : []);
  }
}
