import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { AppError, toErrorBody } from './AppError.ts';

/** Resolves when the part works, rejects with the reason when it doesn't. */
export type HealthCheck = () => Promise<void>;

export interface HealthChecks {
  /** What must work before requests are sent here (Redis, workers, …). */
  readonly ready: Readonly<Record<string, HealthCheck>>;
  /** What answers `/health/db`; services without a database check their Redis. */
  readonly db: Readonly<Record<string, HealthCheck>>;
}

export interface HealthReport {
  readonly status: 'ok' | 'failing';
  readonly service: string;
  /** `ok`, or what is wrong. */
  readonly checks: Readonly<Record<string, string>>;
}

const checkTimeoutMs = 2_000;

async function runCheck(check: HealthCheck): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), checkTimeoutMs);
  });
  try {
    await Promise.race([check(), timeout]);
    return 'ok';
  } catch (error) {
    return error instanceof Error ? error.message : 'failing';
  } finally {
    clearTimeout(timer);
  }
}

/** Runs all checks at once; a failing one is told by its message. */
export async function runChecks(
  service: string,
  checks: Readonly<Record<string, HealthCheck>>,
): Promise<HealthReport> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await runCheck(check)] as const),
  );
  const status = results.every(([, result]) => result === 'ok') ? 'ok' : 'failing';
  return { status, service, checks: Object.fromEntries(results) };
}

export interface OpsServerOptions {
  readonly service: string;
  readonly host: string;
  readonly port: number;
  readonly checks: HealthChecks;
  readonly registry: Registry;
}

/** `/health`, `/health/ready`, `/health/db` and `/metrics` on a port of their own, which no gateway exposes. */
export class OpsServer {
  readonly #options: OpsServerOptions;
  readonly #server: Server;

  static async create(options: OpsServerOptions): Promise<OpsServer> {
    const server = new OpsServer(options);
    server.#server.listen(options.port, options.host);
    await once(server.#server, 'listening');
    return server;
  }

  constructor(options: OpsServerOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { service, checks, registry } = this.#options;
    const path = (request.url ?? '').split('?')[0];
    if (path === '/metrics') {
      response.writeHead(200, { 'content-type': registry.contentType }).end(await registry.metrics());
    } else if (path === '/health') {
      sendJson(response, 200, { status: 'ok', service, checks: {} } satisfies HealthReport);
    } else if (path === '/health/ready' || path === '/health/db') {
      const report = await runChecks(service, path === '/health/db' ? checks.db : checks.ready);
      sendJson(response, report.status === 'ok' ? 200 : 503, report);
    } else {
      const error = new AppError('not_found');
      sendJson(response, error.status, toErrorBody(error));
    }
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}
