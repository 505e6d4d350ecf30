import type {
  ClientMessages,
  MessageAccess,
  MessageInput,
  MessageName,
  MessageOutput,
  ServerEventName,
  ServerEventPayload,
} from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import type { SignedIn } from './Connection.ts';
import type { FollowedKind } from './rooms.ts';

/** One connection, as a handler of its messages sees it. */
export interface SocketClient<A extends MessageAccess = MessageAccess> {
  /** Random, new with each connection. */
  readonly id: string;
  /** Null for a guest. The account as it was when the connection showed its token. */
  readonly user: A extends 'signedIn' ? User : User | null;
  /** The sign-in whose token was shown; null for a guest. */
  readonly signInId: A extends 'signedIn' ? string : string | null;
  /** Base of the playback addresses for this client, without a slash at the end. */
  readonly playbackBase: string;
  /** Of the client, behind the proxies that are trusted. */
  readonly address: string;
  /** What follows on this connection comes from the device of this token. */
  keepDevice(token: string): void;
  /** Joins the room of a conversation or session, if its guard lets the client in. Throws what the guard throws, or `conflict` when it follows too many. */
  follow(kind: FollowedKind, id: string): Promise<void>;
  unfollow(kind: FollowedKind, id: string): Promise<void>;
  follows(kind: FollowedKind, id: string): boolean;
  /** Ids of all of a kind that it follows. */
  followed(kind: FollowedKind): string[];
  /** Is told of the presence of these users, in place of those before. Who may see whom is for the caller to know. */
  watch(userIds: readonly string[]): void;
  /** Whether it still is told of the user's presence. */
  isWatching(userId: string): boolean;
  /** Goes on with a newer token of the same user. */
  renew(signedIn: SignedIn): void;
  /** Tells this connection alone. It is not repeated to a client that was away. */
  tell<E extends ServerEventName>(event: E, payload: ServerEventPayload<E>): void;
}

/**
 * The account as it is now, read as for a request: for what is judged by its role, moves coins, or changes who is what to whom. Throws `token_invalid` when the
 * sign-in has ended, and `account_banned`, where the connection hasn't ended by it yet.
 */
export type CurrentUser = (client: SocketClient<'signedIn'>) => Promise<User>;

/** Answers a message; what it throws is the answer, in the one error shape. */
export type Handler<N extends MessageName> = (
  input: MessageInput<N>,
  client: SocketClient<ClientMessages[N]['access']>,
) => Promise<MessageOutput<N>>;

/** Handlers of some messages. All features' together answer every message of the contract, which the compiler checks. */
export type Handlers<N extends MessageName = MessageName> = { readonly [M in N]: Handler<M> };

/** Throws unless the user (null: a guest) may be in the room of `id`. Asked at joining, and when a client comes back. */
export type RoomGuard = (id: string, user: User | null) => Promise<void>;

/** All that the features hang on the sockets: put together in `createServices`. */
export interface Gateway {
  readonly handlers: Handlers;
  readonly guards: Readonly<Record<FollowedKind, RoomGuard>>;
  /** Whom blocks hide from the user: what they do in a session's room is not told to the user. */
  readonly hiddenFrom: (user: User) => Promise<readonly string[]>;
  /** Hashes of the device and the address of the guest for whom this runs: a ban may put out who comes from there. */
  readonly tracesHere: () => readonly string[];
  /** Each is called once a connection is there and has been told what it missed. What it throws is logged. */
  readonly connected: readonly ((client: SocketClient) => Promise<void> | void)[];
  /** Each is called when a connection is gone. What it throws is logged. */
  readonly disconnected: readonly ((client: SocketClient) => Promise<void> | void)[];
}
