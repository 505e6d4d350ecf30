import { waitUntil } from '@maydan/infra';
import { Gauge } from 'prom-client';
import { createRegistry, OpsServer } from './index.ts';

describe('the ops server', () => {
  let server: OpsServer;
  let broken = false;
  const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${server.port}${path}`);

  beforeAll(async () => {
    const registry = createRegistry('test');
    new Gauge({ name: 'maydan_test_things', help: 'Things.', registers: [registry] }).set(3);
    const check = (): Promise<void> =>
      broken ? Promise.reject(new Error('no connection')) : Promise.resolve();
    const checks = { ready: { redis: check, slow: () => Promise.resolve() }, db: { redis: check } };
    server = await OpsServer.create({ service: 'test', host: '127.0.0.1', port: 0, checks, registry });
  });
  afterAll(() => server.close());

  it('says what is broken, part by part', async () => {
    expect((await get('/health/ready')).status).toBe(200);
    broken = true;
    const response = await get('/health/ready');
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      status: 'failing',
      service: 'test',
      checks: { redis: 'no connection', slow: 'ok' },
    });
    expect((await get('/health/db')).status).toBe(503);
    expect((await get('/health')).status).toBe(200);
    broken = false;
  });

  it('gives Prometheus the service’s and the process’s figures', async () => {
    const text = await (await get('/metrics')).text();
    expect(text).toContain('maydan_test_things{service="test"} 3');
    expect(text).toContain('process_cpu_seconds_total');
  });

  it('tells how busy the event loop was since the last scrape, and wakes no process to know it', async () => {
    const scrape = async (): Promise<string> => (await get('/metrics')).text();
    let ratio = 0;
    // On a machine that stands still meanwhile it is less.
    const isBusy = async (): Promise<boolean> => {
      await scrape();
      for (const until = performance.now() + 200; performance.now() < until;);
      const line = /^nodejs_eventloop_utilization_ratio\{service="test"\} (\S+)$/m.exec(await scrape());
      ratio = Number(line?.[1]);
      return ratio > 0.05;
    };
    await waitUntil('a share that says so', isBusy, 60_000);
    expect(ratio).toBeLessThanOrEqual(1);
    expect(await scrape()).not.toContain('nodejs_eventloop_lag_p99');
  });

  it('answers anything else in the one error shape', async () => {
    const response = await get('/nothing');
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: 'not_found' } });
  });
});
