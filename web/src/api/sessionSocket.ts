import type { ErrorCode, Seat, ServerEventPayload, Session, Stage } from '@maydan/contracts';
import { SocketClient } from '@maydan/contracts/socketClient';
import type { HealthListener, HealthSubscription } from './HealthFeed.ts';
import { account } from '../account/useAccount.ts';
import { device } from './device.ts';

export interface SocketListener {
  updated(session: Session): void;
  /** The page hears no more of the session, for this reason. Unless it was kicked, it is in again where it is let in still. */
  closed(code: ErrorCode): void;
  /** The socket came or went; subscriptions are renewed by themselves. */
  connectionChanged(connected: boolean): void;
}
export interface StageListener {
  /** Who is on stage, or has a seat, changed. */
  stageChanged(stage: Stage): void;
  /** One's own seat changed, or as host anybody's. */
  seatChanged(seat: Seat): void;
  /** The socket is there (again): what happened meanwhile was missed. */
  connected(): void;
}
export type Invitation = ServerEventPayload<'stage:invited'>;

let shared: SocketClient | undefined;
let users = 0;
/** Sessions whose room this page wants, each with what reports the session's present state. */
const subscriptions = new Map<string, Set<(session: Session) => void>>();

/** One connection for the whole page, closed when nobody needs it. Signed-in people also get what is for them. */
function acquire(): SocketClient {
  users += 1;
  if (shared) return shared;
  const socket = new SocketClient({
    baseUrl: location.origin,
    accessToken: () => account.freshToken(),
    deviceToken: device.read,
  });
  socket.watch({
    // Recovered, it is in its rooms still, and has been told what it missed.
    connected: (recovered) => {
      if (!recovered) for (const sessionId of subscriptions.keys()) join(socket, sessionId);
    },
  });
  shared = socket;
  return socket;
}

function release(): void {
  users -= 1;
  if (users > 0) return;
  shared?.close();
  shared = undefined;
}

/** A refusal says nothing that the REST request doesn't report better. */
function join(socket: SocketClient, sessionId: string): void {
  socket.ask('session:subscribe', { sessionId }).then(
    ({ session }) => subscriptions.get(sessionId)?.forEach((report) => report(session)),
    () => undefined,
  );
}

/** Who the socket belongs to is told at its start only; undefined until it is known. */
let signedInAs: string | null | undefined;
account.subscribe(() => {
  const view = account.snapshot();
  const user = view.status === 'signedIn' ? view.user.id : null;
  if (user === signedInAs || view.status === 'unknown') return;
  const changed = signedInAs !== undefined;
  signedInAs = user;
  if (changed) shared?.restart();
});

function subscribe(
  socket: SocketClient,
  sessionId: string,
  report: (session: Session) => void = () => undefined,
): () => void {
  const reports = subscriptions.get(sessionId) ?? new Set();
  const isFirst = !subscriptions.has(sessionId);
  // Wrapped, as the same function may come twice.
  const own = (session: Session): void => report(session);
  subscriptions.set(sessionId, reports.add(own));
  if (isFirst && socket.connected) join(socket, sessionId);
  return () => {
    reports.delete(own);
    if (reports.size > 0) return;
    subscriptions.delete(sessionId);
    if (socket.connected) socket.ask('session:unsubscribe', { sessionId }).catch(() => undefined);
  };
}

const all = (closers: readonly (() => void)[]) => (): void => closers.forEach((close) => close());

/** Joins the room of a session and reports its changes until the returned function is called. */
export function followSession(sessionId: string, listener: SocketListener): () => void {
  const socket = acquire();
  return all([
    socket.on('session:updated', ({ session }) => {
      if (session.id === sessionId) listener.updated(session);
    }),
    socket.on('session:closed', (told) => {
      if (told.sessionId !== sessionId) return;
      // Who was kicked comes back when they want to, not by themselves.
      if (told.code !== 'chat_kicked') join(socket, sessionId);
      listener.closed(told.code);
    }),
    socket.watch({
      connected: () => listener.connectionChanged(true),
      disconnected: () => listener.connectionChanged(false),
    }),
    subscribe(socket, sessionId, (session) => listener.updated(session)),
    release,
  ]);
}

/** Reports changes of a session's stage until the returned function is called. */
export function followStage(sessionId: string, listener: StageListener): () => void {
  const socket = acquire();
  return all([
    socket.on('stage:updated', ({ stage }) => {
      if (stage.sessionId === sessionId) listener.stageChanged(stage);
    }),
    socket.on('stage:seatChanged', ({ seat }) => {
      if (seat.sessionId === sessionId) listener.seatChanged(seat);
    }),
    socket.watch({ connected: () => listener.connected() }),
    subscribe(socket, sessionId),
    release,
  ]);
}

/** Reports how a broadcast does, from `subscribe` on, until it is closed. */
export function followHealth(sessionId: string, listener: HealthListener): HealthSubscription {
  const socket = acquire();
  const close = all([
    socket.on('health:reported', ({ health }) => {
      if (health.sessionId === sessionId) listener.told(health);
    }),
    socket.watch({
      connected: () => listener.connectionChanged(true),
      disconnected: () => listener.connectionChanged(false),
    }),
    () => {
      if (socket.connected) socket.ask('health:unsubscribe', { sessionId }).catch(() => undefined);
    },
    release,
  ]);
  return { close, subscribe: () => socket.ask('health:subscribe', { sessionId }) };
}

/** Reports invitations to any stage until the returned function is called. */
export function followInvitations(listener: (invitation: Invitation) => void): () => void {
  const socket = acquire();
  return all([socket.on('stage:invited', listener), release]);
}
