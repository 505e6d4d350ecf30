import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError, type Logger } from '@maydan/common';
import type { Exchange } from './http/Exchange.ts';
import { HttpExchange, type Sending } from './http/HttpExchange.ts';
import { LivePlayback } from './http/LivePlayback.ts';
import { noMetrics, type OriginMetrics } from './http/OriginMetrics.ts';
import { OriginProxy } from './http/OriginProxy.ts';
import { corsHeaders, type Header } from './http/PreparedAnswer.ts';
import { QuickLane } from './http/QuickLane.ts';
import type { QuickRequest } from './http/quickRequest.ts';
import { remember } from './http/remember.ts';
import { parseRoute, type Route } from './http/route.ts';
import { SendDeadlines } from './http/SendDeadlines.ts';
import { StoredPlayback } from './http/StoredPlayback.ts';
import { LiveWindow } from './LiveWindow.ts';
import { openToAll, type PlaybackGuard } from './PlaybackGuard.ts';
import type { PlaybackDirectory, PlaybackPlace } from './PlaybackDirectory.ts';

export interface OriginServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly directory: PlaybackDirectory;
  /** Default: everything is public. */
  readonly guard?: PlaybackGuard;
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

function createHttpServer(handler: (request: IncomingMessage, response: ServerResponse) => void): Server {
  const server = createServer(
    {
      noDelay: true,
      keepAliveTimeout: 0,
      headersTimeout: RECEIVE_MS,
      requestTimeout: RECEIVE_MS,
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
  readonly #guard: PlaybackGuard;
  readonly #sending: Sending;
  readonly #server: Server;
  readonly #lane: QuickLane;
  readonly #proxy = new OriginProxy();
  readonly #stored = new StoredPlayback();
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
    this.#guard = options.guard ?? openToAll;
    this.#sending = { metrics: options.metrics ?? noMetrics, deadlines: new SendDeadlines() };
    this.#server = createHttpServer((request, response) => this.#handle(request, response));
    const serve = (exchange: Exchange, request: QuickRequest) => this.#serveQuickly(exchange, request);
    this.#lane = new QuickLane(this.#server, { sending: this.#sending, serve, idleMs: IDLE_MS });
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
    this.#lane.close();
    const sweep = setInterval(() => this.#server.closeIdleConnections(), SWEEP_MS);
    const cut = setTimeout(() => this.#cut(), CLOSE_MS);
    await closed;
    clearInterval(sweep);
    clearTimeout(cut);
    this.#proxy.close();
    this.#sending.deadlines.close();
  }

  #cut(): void {
    this.#lane.destroy();
    this.#server.closeAllConnections();
  }

  /** What players ask for all the time, when it is public and in memory here. */
  #serveQuickly(exchange: Exchange, { route }: QuickRequest): boolean {
    try {
      if (!this.#guard.isPublic(route.playbackId, route.token)) return false;
      const place = this.#options.directory.find(route.playbackId);
      if (place instanceof Promise) place.catch(() => undefined); // It is asked for again, and told then.
      if (!(place instanceof LiveWindow)) return false;
      return this.#playback(place).answer(exchange, route.resource, route.query);
    } catch (error) {
      this.#fail(exchange, error, route.resource.path);
      return true;
    }
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const exchange = new HttpExchange(request, response, this.#sending);
    try {
      this.#serve(exchange)?.catch((error: unknown) => this.#fail(exchange, error, request.url));
    } catch (error) {
      this.#fail(exchange, error, request.url);
    }
  }

  /** Undefined when the answer was sent or the request is held. */
  #serve(exchange: HttpExchange): Promise<void> | undefined {
    const { method, url = '' } = exchange.request;
    if (method === 'OPTIONS') {
      exchange.sendPlain('preflight', 204, preflightHeaders, Buffer.alloc(0));
      return undefined;
    }
    if (method !== 'GET' && method !== 'HEAD') {
      exchange.sendError(new AppError('method_not_allowed'), [['Allow', ALLOWED]]);
      return undefined;
    }
    const route = routeOf(url);
    if (!route) throw new AppError('not_found');
    if (!this.#guard.isPublic(route.playbackId, route.token)) return this.#serveChecked(exchange, route);
    const open = route.token === null ? route : { ...route, token: null };
    const place = this.#options.directory.find(route.playbackId);
    if (place instanceof Promise) return this.#serveLater(exchange, open, place);
    return this.#serveFrom(place, exchange, open) ?? undefined;
  }

  /** Another origin is asked with our own token: it is the same for all viewers, who share the answer. */
  async #serveChecked(exchange: HttpExchange, { playbackId, resource, query, token }: Route): Promise<void> {
    const isPrivate = (await this.#guard.check(playbackId, token)) === 'private';
    if (isPrivate) exchange.keepPrivate();
    const own = isPrivate ? this.#guard.ownToken(playbackId) : null;
    const place = this.#options.directory.find(playbackId);
    await this.#serveLater(exchange, { playbackId, resource, query, token: own }, Promise.resolve(place));
  }

  async #serveLater(exchange: HttpExchange, route: Route, place: Promise<PlaybackPlace>): Promise<void> {
    const found = await place;
    if (!exchange.isOver) await this.#serveFrom(found, exchange, route);
  }

  #serveFrom(place: PlaybackPlace, exchange: HttpExchange, route: Route): void | Promise<void> {
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
    const playback = new LivePlayback(window, this.#sending.metrics, () => this.#live.delete(window));
    this.#live.set(window, playback);
    return playback;
  }

  /** Expected errors are told; anything else is logged and says nothing to the client. */
  #fail(exchange: HttpExchange | Exchange, error: unknown, url: string | undefined): void {
    const known =
      error instanceof AppError ? error : new AppError('internal', undefined, undefined, { cause: error });
    if (known.status >= 500 && !exchange.isOver)
      this.#options.log?.error({ err: known.cause ?? known, url }, 'origin request failed');
    exchange.sendError(known);
  }
}
