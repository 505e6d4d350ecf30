import { serverEvents } from '@maydan/contracts';
import type { Seat, Session, Stage } from '@maydan/contracts';
import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';
import { account } from '../account/useAccount.ts';

export interface SocketListener {
  updated(session: Session): void;
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
type ServerEvent = keyof typeof serverEvents;
type Payload<E extends ServerEvent> = ReturnType<(typeof serverEvents)[E]['parse']>;
export type Invitation = Payload<'stage:invited'>;

let shared: Socket | undefined;
let users = 0;
/** How many of this page want the room of a session. */
const subscriptions = new Map<string, number>();
const afterRefusalMs = 2_000;

/** One connection for the whole page, closed when nobody needs it. Signed-in people also get what is for them. */
function acquire(): Socket {
  users += 1;
  if (shared) return shared;
  const socket = io(location.origin, {
    transports: ['websocket', 'polling'],
    tryAllTransports: true,
    reconnectionDelayMax: 10_000,
    auth: (send) => {
      void account.freshToken().then((token) => send(token === undefined ? {} : { token }));
    },
  });
  // A refused handshake (the token expired meanwhile) isn't tried again by Socket.IO itself.
  socket.on('connect_error', () => {
    if (!socket.active) setTimeout(() => shared === socket && socket.connect(), afterRefusalMs);
  });
  socket.on('connect', () => {
    for (const sessionId of subscriptions.keys()) join(socket, sessionId);
  });
  shared = socket;
  return socket;
}

function release(): void {
  users -= 1;
  if (users > 0) return;
  shared?.disconnect();
  shared = undefined;
}

/** The acknowledgement holds the session, or is an error body that the REST request reports better. */
function join(socket: Socket, sessionId: string): void {
  socket.emit('session:subscribe', { sessionId }, (answer: unknown) => {
    for (const listener of socket.listeners('session:updated')) listener(answer);
  });
}

/** Who the socket belongs to is told at its start only; undefined until it is known. */
let signedInAs: string | null | undefined;
account.subscribe(() => {
  const view = account.snapshot();
  const user = view.status === 'signedIn' ? view.user.id : null;
  if (user === signedInAs || view.status === 'unknown') return;
  const changed = signedInAs !== undefined;
  signedInAs = user;
  if (changed) shared?.disconnect().connect();
});

function subscribe(socket: Socket, sessionId: string): () => void {
  const others = subscriptions.get(sessionId) ?? 0;
  subscriptions.set(sessionId, others + 1);
  if (others === 0 && socket.connected) join(socket, sessionId);
  return () => {
    const left = (subscriptions.get(sessionId) ?? 1) - 1;
    if (left > 0) return void subscriptions.set(sessionId, left);
    subscriptions.delete(sessionId);
    if (socket.connected) socket.emit('session:unsubscribe', { sessionId });
  };
}

/** Calls back with each payload that fits its schema, until the returned function is called. */
function listen<E extends ServerEvent>(
  socket: Socket,
  event: E,
  listener: (payload: Payload<E>) => void,
): () => void {
  const onEvent = (payload: unknown): void => {
    const parsed = serverEvents[event].safeParse(payload);
    if (parsed.success) listener(parsed.data as Payload<E>);
  };
  // Socket.IO's types follow a plain name best.
  const name: string = event;
  socket.on(name, onEvent);
  return () => socket.off(name, onEvent);
}

function onConnection(socket: Socket, listener: (connected: boolean) => void): () => void {
  const up = (): void => listener(true);
  const down = (): void => listener(false);
  socket.on('connect', up);
  socket.on('disconnect', down);
  if (socket.connected) up();
  return () => {
    socket.off('connect', up);
    socket.off('disconnect', down);
  };
}

const all = (closers: readonly (() => void)[]) => (): void => closers.forEach((close) => close());

/** Joins the room of a session and reports its changes until the returned function is called. */
export function followSession(sessionId: string, listener: SocketListener): () => void {
  const socket = acquire();
  const update = ({ session }: { session: Session }): void => {
    if (session.id === sessionId) listener.updated(session);
  };
  return all([
    listen(socket, 'session:updated', update),
    onConnection(socket, (connected) => listener.connectionChanged(connected)),
    subscribe(socket, sessionId),
    release,
  ]);
}

/** Reports changes of a session's stage until the returned function is called. */
export function followStage(sessionId: string, listener: StageListener): () => void {
  const socket = acquire();
  return all([
    listen(socket, 'stage:updated', ({ stage }) => {
      if (stage.sessionId === sessionId) listener.stageChanged(stage);
    }),
    listen(socket, 'stage:seatChanged', ({ seat }) => {
      if (seat.sessionId === sessionId) listener.seatChanged(seat);
    }),
    onConnection(socket, (connected) => connected && listener.connected()),
    subscribe(socket, sessionId),
    release,
  ]);
}

/** Reports invitations to any stage until the returned function is called. */
export function followInvitations(listener: (invitation: Invitation) => void): () => void {
  const socket = acquire();
  return all([listen(socket, 'stage:invited', listener), release]);
}
