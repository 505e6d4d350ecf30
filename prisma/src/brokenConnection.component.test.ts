import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres, type EmbeddedPostgres } from '@maydan/infra';
import { createPrisma } from './index.ts';

let dir: string;
let server: EmbeddedPostgres;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'maydan-prisma-'));
  server = await startPostgres({ dir, durable: false });
}, 60_000);

afterAll(async () => {
  await server?.close();
  await rm(dir, { recursive: true, force: true });
});

/** `ErrorResponse` of a server that shuts down (PostgreSQL protocol 3.0, section 55.7; SQLSTATE 57P01). */
function goodbye(): Buffer {
  const fields = ['SFATAL', 'VFATAL', 'C57P01', 'Mterminating connection due to administrator command', ''];
  const body = Buffer.from(fields.map((field) => `${field}\0`).join(''));
  const head = Buffer.from('E\0\0\0\0');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** Before the server: an answer in which `word` stands is followed in the same packet by the end of its connection. */
async function startBreaking(word: string): Promise<{ url: string; proxy: Server }> {
  const { hostname, port } = new URL(server.url);
  const proxy = createServer((client) => {
    const real = connect(Number(port), hostname);
    for (const socket of [client, real]) socket.on('error', () => undefined);
    client.pipe(real);
    real.on('data', (answer) => {
      if (!answer.includes(word)) return void client.write(answer);
      client.end(Buffer.concat([answer, goodbye()]));
      real.destroy();
    });
    client.on('close', () => real.destroy());
    real.on('close', () => client.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const url = new URL(server.url);
  url.port = String((proxy.address() as AddressInfo).port);
  return { url: url.toString(), proxy };
}

it('fails the one who is just given a connection that ends, and nobody else', async () => {
  const { url, proxy } = await startBreaking('last words');
  const database = createPrisma(url, { maxConnections: 1 });
  try {
    const last = database.$queryRaw`SELECT 'last ' || 'words' AS "said"`;
    const waiting = database.$transaction((transaction) => transaction.$queryRaw`SELECT 1 AS "one"`);
    expect(await last).toEqual([{ said: 'last words' }]);
    await expect(waiting).rejects.toThrow(/administrator command|not queryable|terminated|closed/i);
    expect(await database.$queryRaw`SELECT 2 AS "two"`).toEqual([{ two: 2 }]);
  } finally {
    await database.$disconnect();
    proxy.close();
  }
}, 30_000);
