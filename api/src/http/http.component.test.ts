import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { errorBody } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { Validator } from '@seriousme/openapi-schema-validator';
import { contractRoutes } from './contractRoutes.ts';
import type { Answer, TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

let web: string;
let backend: TestBackend;
let api: TestApi;

beforeAll(async () => {
  web = await mkdtemp(join(tmpdir(), 'maydan-web-'));
  await mkdir(join(web, 'assets'));
  await writeFile(join(web, 'index.html'), '<!doctype html><title>the page</title>');
  await writeFile(join(web, 'assets', 'main-1a2b.js'), 'export {};');
  await writeFile(join(web, 'favicon.svg'), '<svg/>');
  backend = await TestBackend.start();
  api = await backend.startApi({ WEB_ROOT: web, CORS_ORIGINS: 'https://friend.example' });
});
afterAll(async () => {
  await backend?.close();
  await rm(web, { recursive: true, force: true });
});

/** Status and code; fails unless the answer has the one shape and names the request. */
function refusal({ status, body, headers }: Answer): string {
  const { error } = errorBody.parse(body);
  expect(error.requestId).toBe(headers.get('x-request-id'));
  return `${status} ${error.code}`;
}

/** A request with exactly these header lines, which fetch wouldn't send. */
function raw(path: string, headers: Record<string, string>): Promise<{ status: number; csp: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(api.url + path, { headers }, (response) => {
      response.resume();
      const csp = String(response.headers['content-security-policy'] ?? '');
      response.once('end', () => resolve({ status: response.statusCode ?? 0, csp }));
    });
    request.once('error', reject);
    request.end();
  });
}

describe('garbage', () => {
  const post = (body: string, headers: Record<string, string> = {}) =>
    api.ask('POST', '/api/v1/auth/login', { body, headers });

  it.each([
    ['half a document', '{"login":', '400 bad_request'],
    ['a text', '"text"', '400 bad_request'],
    ['a list', '[]', '422 validation_failed'],
    ['nothing in it', '{}', '422 validation_failed'],
    ['other types', '{"login":{"a":1},"password":[]}', '422 validation_failed'],
    ['a prototype', '{"__proto__":{"login":"x"},"constructor":{}}', '422 validation_failed'],
    ['too much', JSON.stringify({ login: 'a', password: 'x'.repeat(100_000) }), '413 payload_too_large'],
  ])('a body with %s is refused', async (_, body, expected) => {
    expect(refusal(await post(body))).toBe(expected);
  });

  it.each([
    ['application/x-www-form-urlencoded', 'login=a&password=b'],
    ['multipart/form-data; boundary=x', '--x--'],
    ['text/plain', '{"login":"a","password":"b"}'],
  ])('a body of type %s is refused', async (type, body) => {
    expect(refusal(await post(body, { 'content-type': type }))).toBe('415 unsupported_media_type');
  });

  it('an unknown encoding is refused', async () => {
    const headers = { 'content-encoding': 'x-none' };
    expect(refusal(await post('{}', headers))).toBe('415 unsupported_media_type');
  });

  it.each([
    ['GET', '/api/v1/nothing', '404 not_found'],
    ['GET', '/api', '404 not_found'],
    ['GET', '/nothing', '404 not_found'],
    ['GET', '/internal/nothing', '404 not_found'],
    ['GET', '/assets/../../../etc/passwd', '404 not_found'],
    ['GET', '/@%', '400 bad_request'],
    ['GET', '/%', '404 not_found'],
    ['GET', '/api/v1/channels/%', '404 not_found'],
    ['PUT', '/api/v1/auth/login', '405 method_not_allowed'],
    ['GET', '/api/v1/sessions/not-a-uuid', '422 validation_failed'],
    ['GET', '/api/v1/sessions/0192f0c1-0000-7000-8000-000000000001', '404 not_found'],
    ['GET', '/api/v1/sessions?limit=1000', '422 validation_failed'],
    ['GET', '/api/v1/sessions?state=nonsense', '422 validation_failed'],
    ['GET', '/api/v1/sessions?cursor=nonsense', '422 validation_failed'],
    ['GET', '/api/v1/sessions?search[a]=1', '422 validation_failed'],
    ['GET', '/api/v1/channels/nobody_here', '404 not_found'],
  ])('%s %s is refused with %s', async (method, path, expected) => {
    expect(refusal(await api.ask(method, path))).toBe(expected);
  });

  it('names the methods that a path has', async () => {
    const answer = await api.ask('DELETE', '/api/v1/auth/login');
    expect(answer.headers.get('allow')).toBe('POST');
  });

  it('tells nothing of what broke inside', async () => {
    const broken = await backend.startApi({ DATABASE_URL: 'postgresql://u:secretpw@127.0.0.1:1/none' });
    const answer = await broken.ask('GET', '/api/v1/sessions');
    expect(refusal(answer)).toBe('500 internal');
    expect(JSON.stringify(answer.body)).not.toMatch(/prisma|ECONN|secretpw|at /i);
    // Redis has two seconds to answer, for which this machine may stand still.
    const checks = { database: 'failing', redis: 'ok' };
    let ready: Answer | undefined;
    const isLooked = async (): Promise<boolean> => {
      ready = await broken.ask('GET', '/health/ready');
      return isDeepStrictEqual(ready.body, { status: 'failing', service: 'api', checks });
    };
    await waitUntil('Redis alone to be well', isLooked, 60_000);
    expect(ready?.status).toBe(503);
    expect((await broken.ask('GET', '/health')).status).toBe(200);
  });
});

describe('headers', () => {
  it('carry the request id in and out', async () => {
    const given = await api.ask('GET', '/health', { headers: { 'x-request-id': 'abc-1' } });
    expect(given.headers.get('x-request-id')).toBe('abc-1');
    expect((await api.ask('GET', '/health')).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('let the page load from the origin of the same host, and from nowhere else', async () => {
    const { headers } = await api.ask('GET', '/');
    const csp = headers.get('content-security-policy') ?? '';
    expect(csp).toContain(
      "connect-src 'self' http://127.0.0.1:8090 http://127.0.0.1:8082 ws://127.0.0.1:8082;",
    );
    const spread = await backend.startApi({ SFU_ORIGINS: 'https://*.sfu.example' });
    const policy = (await spread.ask('GET', '/')).headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/connect-src [^;]* https:\/\/\*\.sfu\.example wss:\/\/\*\.sfu\.example;/);
    expect(csp).toContain("media-src 'self' blob: http://127.0.0.1:8090;");
    expect(csp).toContain("script-src 'self';");
    expect(csp).not.toContain('upgrade-insecure-requests');
    expect(headers.get('strict-transport-security')).toBeNull();
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('do not take more than a name from the host header', async () => {
    const { csp } = await raw('/', { host: "x; script-src 'unsafe-inline'" });
    expect(csp).toContain('http://localhost:8090');
    expect(csp).not.toContain("script-src 'unsafe-inline'");
  });

  it('allow calls of listed origins only', async () => {
    const from = (origin: string) => api.ask('GET', '/api/v1/sessions', { headers: { origin } });
    const allowed = (answer: Answer) => answer.headers.get('access-control-allow-origin');
    expect(allowed(await from('https://friend.example'))).toBe('https://friend.example');
    expect(allowed(await from('https://other.example'))).toBeNull();
  });
});

describe('operations', () => {
  it('tell on the public port whether the api works', async () => {
    const ok = { status: 'ok', service: 'api' };
    expect((await api.ask('GET', '/health')).body).toMatchObject(ok);
    const becomes = async (path: string, checks: object): Promise<void> => {
      const isSo = async () => isDeepStrictEqual((await api.ask('GET', path)).body, { ...ok, checks });
      await waitUntil(`${path} to be well`, isSo, 60_000);
    };
    await becomes('/health/ready', { database: 'ok', redis: 'ok' });
    await becomes('/health/db', { database: 'ok' });
    expect((await api.ask('GET', '/metrics')).status).toBe(404);
  });

  it('give figures on the port of their own', async () => {
    const { client } = await api.register();
    await client.sessions.create({ title: 'prepared' });
    let text = '';
    const figure = (line: RegExp) => Number(line.exec(text)?.[1] ?? NaN);
    const lines = ['sessions', 'facts_lag', 'sockets', 'queue_jobs'].map((name) => `\nmaydan_api_${name}{`);
    // What takes longer than a second to find out is left out.
    const isWhole = async (): Promise<boolean> => {
      text = await (await fetch(`${api.opsUrl}/metrics`)).text();
      return lines.every((line) => text.includes(line));
    };
    await waitUntil('all figures', isWhole, 60_000);
    expect(figure(/^maydan_api_sessions\{.*state="idle".*\} (\d+)$/m)).toBeGreaterThan(0);
    expect(figure(/^maydan_api_facts_lag\{.*kind="unread".*\} (\d+)$/m)).toBe(0);
    expect(figure(/^maydan_api_sockets\{.*\} (\d+)$/m)).toBe(0);
    expect(text).toMatch(/^maydan_api_queue_jobs\{.*queue="live".*state="active".*\} 0$/m);
    const requests =
      /^maydan_api_request_duration_seconds_count\{.*route="\/sessions".*status="201".*\} (\d+)$/m;
    expect(figure(requests)).toBeGreaterThan(0);
    expect(text).not.toMatch(/route="\/health/);
  });
});

describe('the document', () => {
  it('is valid OpenAPI 3.1 and has every route of the contract', async () => {
    const { body } = await api.ask('GET', '/api/docs/openapi.json');
    const document = body as { openapi: string; paths: Record<string, Record<string, unknown>> };
    expect(document.openapi).toMatch(/^3\.1\./);
    const result = await new Validator().validate(structuredClone(document));
    expect([result.valid, result.errors]).toEqual([true, undefined]);
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const routes = contractRoutes().map(({ method, path }) => `${method} ${path}`);
    const beside = ['PUT /media/{id}/content', 'GET /pictures/{id}/{size}'];
    expect(described.sort()).toEqual([...routes, ...beside].sort());
    expect(routes.length).toBeGreaterThan(15);
  });

  it('says which routes need a token, and each of them refuses without one', async () => {
    const { body } = await api.ask('GET', '/api/docs/openapi.json');
    const { paths } = body as { paths: Record<string, Record<string, { security?: unknown }>> };
    const [open, optional]: [string[], string[]] = [[], []];
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        const security = JSON.stringify(operation.security ?? 'none');
        if (security === '"none"') open.push(`${method} ${path}`);
        else if (security.includes('{}')) optional.push(`${method} ${path}`);
        else {
          const id = '0192f0c1-0000-7000-8000-000000000001';
          const answer = await api.ask(method.toUpperCase(), `/api/v1${path.replaceAll(/\{\w+\}/g, id)}`);
          expect([path, refusal(answer)]).toEqual([path, '401 unauthenticated']);
        }
      }
    }
    expect(open.sort()).toEqual([
      'get /pictures/{id}/{size}',
      'post /auth/google',
      'post /auth/login',
      'post /auth/logout',
      'post /auth/otp',
      'post /auth/otp/verify',
      'post /auth/refresh',
      'post /auth/register',
      'post /auth/second-factor',
    ]);
    expect(optional.sort()).toEqual([
      'get /categories',
      'get /channels/{username}',
      'get /gifts',
      'get /leaderboards/hosts',
      'get /sessions',
      'get /sessions/{id}',
      'get /sessions/{id}/chat',
      'get /sessions/{id}/chat/messages',
      'get /sessions/{id}/gifts',
      'get /sessions/{id}/gifts/totals',
      'get /sessions/{id}/leaderboard',
      'get /sessions/{id}/stage',
      'get /users/by-name/{username}',
      'get /users/search',
      'get /users/{id}',
      'get /users/{id}/followers',
      'get /users/{id}/following',
      'get /users/{id}/leaderboard',
      'post /sessions/{id}/join',
      'post /sessions/{id}/playback',
      'post /sessions/{id}/viewing',
      'post /viewing/end',
      'post /viewing/heartbeat',
    ]);
  });

  it('names no route with an id that breaks on ids that are none, or nobody’s', async () => {
    const { accessToken: token } = await api.register();
    const withId = contractRoutes().filter(({ path }) => path.includes('{'));
    expect(withId.length).toBeGreaterThan(20);
    const unknown = '0192f0c1-0000-7000-8000-000000000001';
    const wrong: string[] = [];
    for (const { method, path } of withId) {
      for (const [id, expected] of [
        ['not-an-id', /^(404 not_found|422 validation_failed)$/],
        // A body that is missing, or a role, may be noticed before; things that are gone already may be removed again.
        [unknown, /^(404 not_found|422 validation_failed|403 forbidden|200|204)/],
      ] as const) {
        const answer = await api.ask(method, `/api/v1${path.replaceAll(/\{\w+\}/g, id)}`, { token });
        const said = answer.status < 400 ? String(answer.status) : refusal(answer);
        if (!expected.test(said)) wrong.push(`${method} ${path} ${id}: ${said}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('is a page that loads nothing from elsewhere', async () => {
    const page = await api.ask('GET', '/api/docs');
    expect(page.status).toBe(200);
    const addresses = [...String(page.body).matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]);
    expect(addresses.length).toBeGreaterThan(2);
    for (const address of addresses) {
      expect(address).toMatch(/^\/api\/docs\//);
      expect((await api.ask('GET', String(address))).status).toBe(200);
    }
  });
});

describe('the web page', () => {
  it.each(['/', '/@ann', '/watch/0192f0c1-0000-7000-8000-000000000001'])('answers %s', async (path) => {
    const answer = await api.ask('GET', path);
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('the page');
    expect(answer.headers.get('cache-control')).toBe('no-cache');
  });

  it('has its hashed files kept and the others asked for again', async () => {
    const hashed = await api.ask('GET', '/assets/main-1a2b.js');
    expect(hashed.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect((await api.ask('GET', '/favicon.svg')).headers.get('cache-control')).toBe('no-cache');
    expect((await api.ask('GET', '/assets/gone.js')).status).toBe(404);
  });

  it('says so when it is not built', async () => {
    const bare = await backend.startApi({ WEB_ROOT: join(web, 'none') });
    const answer = await bare.ask('GET', '/');
    expect(refusal(answer)).toBe('404 not_found');
  });
});
