import { serverEvents } from '@maydan/contracts';
import type { Session } from '@maydan/contracts';
import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';

export interface SocketListener {
  updated(session: Session): void;
  /** The socket came or went; subscriptions are renewed by themselves. */
  connectionChanged(connected: boolean): void;
}

let shared: Socket | undefined;
let users = 0;

/** One connection for the whole page, closed when nobody needs it. */
function acquire(): Socket {
  users += 1;
  shared ??= io(location.origin, {
    transports: ['websocket', 'polling'],
    tryAllTransports: true,
    reconnectionDelayMax: 10_000,
  });
  return shared;
}

function release(): void {
  users -= 1;
  if (users > 0) return;
  shared?.disconnect();
  shared = undefined;
}

/** Joins the room of a session and reports its changes until the returned function is called. */
export function followSession(sessionId: string, listener: SocketListener): () => void {
  const socket = acquire();
  const onUpdate = (payload: unknown): void => {
    const parsed = serverEvents['session:updated'].safeParse(payload);
    if (parsed.success && parsed.data.session.id === sessionId) listener.updated(parsed.data.session);
  };
  const join = (): void => {
    // The acknowledgement holds the session, or is an error body that the REST request reports better.
    socket.emit('session:subscribe', { sessionId }, onUpdate);
    listener.connectionChanged(true);
  };
  const onDisconnect = (): void => listener.connectionChanged(false);
  socket.on('connect', join);
  socket.on('disconnect', onDisconnect);
  socket.on('session:updated', onUpdate);
  if (socket.connected) join();
  return () => {
    socket.off('connect', join);
    socket.off('disconnect', onDisconnect);
    socket.off('session:updated', onUpdate);
    if (socket.connected) socket.emit('session:unsubscribe', { sessionId });
    release();
  };
}
