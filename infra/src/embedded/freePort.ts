import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the range from which Linux and macOS take the ports of outgoing connections: a port from there could be taken
 * by any connection between our look and the server's bind, also during a restart.
 */
const lowest = 10_240;
const highest = 32_767;
const tries = 200;
const handedOut = new Set<number>();

/** True when nobody listens on the TCP port of this address, so that we can. */
export function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * A TCP port nobody listens on; never the same twice in a process.
 * @throws Error when none is found.
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let attempt = 0; attempt < tries; attempt++) {
    const port = randomInt(lowest, highest + 1);
    if (handedOut.has(port) || !(await isPortFree(port, host))) continue;
    handedOut.add(port);
    return port;
  }
  throw new Error(`No free port between ${lowest} and ${highest} was found`);
}
