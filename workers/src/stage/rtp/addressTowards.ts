import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';

/** Our own address as the other end sees it, by the way the system would take. @throws when there is none. */
export async function addressTowards(host: string, port: number): Promise<string> {
  const name = host.replace(/^\[|\]$/g, '');
  const socket = createSocket(isIPv6(name) ? 'udp6' : 'udp4');
  try {
    socket.connect(port, name);
    await once(socket, 'connect');
    return socket.address().address;
  } finally {
    socket.close();
  }
}
