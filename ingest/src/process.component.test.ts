import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import { createLogger, createRedis, mintRelayToken, relayPath, type Redis } from '@maydan/common';
import { ingestCommandChannel } from '@maydan/contracts';
import { startRedis, type EmbeddedRedis } from '@maydan/infra';
import { z } from 'zod';
import { AuthorizeServer } from '../../tests/support/rtmp/AuthorizeServer.ts';
import { flvMedia } from '../../tests/support/rtmp/flvMedia.ts';
import { RelayClient } from '../../tests/support/rtmp/RelayClient.ts';
import { RtmpClient } from '../../tests/support/rtmp/RtmpClient.ts';
import { waitFor } from '../../tests/support/waitFor.ts';
import { factsOf, internalSecret, KnownKeys, startTestRedis, testEnvironment } from './testing/TestIngest.ts';

jest.setTimeout(60_000);

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const portsLine = z.object({
  msg: z.literal('listening'),
  ports: z.object({ rtmp: z.int(), relay: z.int(), ops: z.int() }),
});

/** Ingest as it is started for real. */
class IngestProcess {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  output = '';

  constructor(env: Readonly<Record<string, string>>) {
    this.child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (data: Buffer) => (this.output += data.toString()));
    }
    this.exited = once(this.child, 'exit').then(([code]) => z.number().nullable().parse(code));
  }

  ports(): Promise<z.infer<typeof portsLine>['ports']> {
    const read = () => {
      const line = this.output.split('\n').find((candidate) => candidate.includes('"listening"'));
      return line === undefined ? undefined : portsLine.parse(JSON.parse(line)).ports;
    };
    return waitFor('the ports', read, { everyMs: 20, timeoutMs: 30_000 });
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    await this.exited;
  }
}

const keys = new KnownKeys();
let redis: EmbeddedRedis;
let client: Redis;
let api: AuthorizeServer;
let ingest: IngestProcess | undefined;

beforeAll(async () => {
  redis = await startTestRedis();
  client = createRedis(redis.url, createLogger('test', 'silent'));
  api = await AuthorizeServer.start(({ streamKey }) => keys.answer(streamKey));
});
afterEach(async () => {
  await ingest?.stop();
  ingest = undefined;
});
afterAll(async () => {
  client.disconnect();
  await api.stop();
  await redis.close();
});

describe('the process', () => {
  it('tells its ports, is ready, and at SIGTERM ends its publishes in order', async () => {
    ingest = new IngestProcess(testEnvironment(redis.url, api));
    const ports = await ingest.ports();
    const ready = await fetch(`http://127.0.0.1:${ports.ops}/health/ready`);
    expect(await ready.json()).toEqual({
      status: 'ok',
      service: 'ingest',
      checks: { rtmp: 'ok', redis: 'ok', api: 'ok' },
    });
    const { streamKey, sessionId } = keys.grant();
    const publisher = await RtmpClient.publish({ port: ports.rtmp }, streamKey);
    await publisher.waitForStatus();
    publisher.send('video', 0, flvMedia.keyFrame());
    const token = mintRelayToken(internalSecret, relayPath(sessionId, 1));
    const relay = await RelayClient.open(`http://127.0.0.1:${ports.relay}${relayPath(sessionId, 1)}`, token);
    ingest.child.kill('SIGTERM');
    expect(await ingest.exited).toBe(0);
    await publisher.waitUntilClosed();
    await waitFor('the end of the relay', () => relay.isEnded);
    expect(relay.isComplete).toBe(true);
    expect(await factsOf(client, sessionId)).toMatchObject([
      { type: 'ingest.published' },
      { type: 'ingest.unpublished', reason: 'shutdown' },
    ]);
    expect(ingest.output).not.toContain(streamKey);
    expect(ingest.output).not.toMatch(/Node-Media-Server/i);
  });

  it('says which port is taken and exits', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    try {
      ingest = new IngestProcess({ ...testEnvironment(redis.url, api), RTMP_PORT: String(port) });
      expect(await ingest.exited).toBe(1);
      expect(ingest.output).toMatch(/EADDRINUSE.*could not start/);
      expect(ingest.output).toContain(String(port));
    } finally {
      taken.close();
    }
  });

  it('prints what is wrong with its configuration and exits with 78', async () => {
    ingest = new IngestProcess({ REDIS_URL: 'nonsense', RTMPS_PORT: '1936' });
    expect(await ingest.exited).toBe(78);
    expect(ingest.output).toMatch(/REDIS_URL[\s\S]*INTERNAL_SECRET/);
  });
});

describe('while Redis is away', () => {
  it('publishes begin and go on; facts and commands go on when it is back; the process can still end', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'maydan-ingest-'));
    let own = await startRedis({ dir });
    const ownClient = createRedis(own.url, createLogger('test', 'silent'));
    try {
      ingest = new IngestProcess(testEnvironment(own.url, api));
      const ports = await ingest.ports();
      await own.close();
      const { streamKey, sessionId } = keys.grant();
      const publisher = await RtmpClient.publish({ port: ports.rtmp }, streamKey);
      await publisher.waitForStatus();
      const token = mintRelayToken(internalSecret, relayPath(sessionId, 1));
      const relay = await RelayClient.open(
        `http://127.0.0.1:${ports.relay}${relayPath(sessionId, 1)}`,
        token,
      );
      publisher.send('video', 0, flvMedia.keyFrame());
      await waitFor('the frame', () => relay.messages.length === 1);
      expect((await fetch(`http://127.0.0.1:${ports.ops}/health/ready`)).status).toBe(503);

      own = await startRedis({ dir });
      await waitFor('the fact', async () => (await factsOf(ownClient, sessionId)).length === 1);
      const drop = JSON.stringify({ type: 'drop', sessionId, epoch: 1, reason: 'revoked' });
      await waitFor('the listener', async () => (await ownClient.publish(ingestCommandChannel, drop)) > 0);
      await publisher.waitUntilClosed();
      await waitFor('the other fact', async () => (await factsOf(ownClient, sessionId)).length === 2);

      const late = await RtmpClient.publish({ port: ports.rtmp }, streamKey);
      await late.waitForStatus();
      await own.close();
      ingest.child.kill('SIGTERM');
      expect(await ingest.exited).toBe(0);
    } finally {
      ownClient.disconnect();
      await own.close();
      await rm(dir, { recursive: true, force: true });
    }
  });
});
