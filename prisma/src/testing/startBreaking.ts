import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';

/** `ErrorResponse` of a server that shuts down (PostgreSQL protocol 3.0, section 55.7; SQLSTATE 57P01). */
function goodbye(): Buffer {
  const fields = ['SFATAL', 'VFATAL', 'C57P01', 'Mterminating connection due to administrator command', ''];
  const body = Buffer.from(fields.map((field) => `${field}\0`).join(''));
  const head = Buffer.from('E\0\0\0\0');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** Before the server: an answer in which `word` stands is followed in the same packet by the end of its connection. */
export async function startBreaking(
  serverUrl: string,
  word: string,
): Promise<{ url: string; proxy: Server }> {
  const { hostname, port } = new URL(serverUrl);
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
  const url = new URL(serverUrl);
  url.port = String((proxy.address() as AddressInfo).port);
  return { url: url.toString(), proxy };
}
