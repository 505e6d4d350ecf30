import { io, type Socket } from 'socket.io-client';

/** Resolves when it is connected; rejects when it is refused. It doesn't come back by itself. */
export async function connect(url: string, auth: object): Promise<Socket> {
  const socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false, auth });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve());
    socket.once('connect_error', reject);
  });
  return socket;
}
