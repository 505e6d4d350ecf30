/** What a room is about. A connection is in the room of its user and of its sign-in from the start. */
export type RoomKind =
  | 'user'
  | 'signIn'
  | 'presence'
  | 'conversation'
  | 'session'
  | 'chat'
  | 'staff'
  | 'health'
  | 'reports'
  | 'trace';

/** The name of a room, made by `rooms`. */
export type Room = `${RoomKind}:${string}`;

/** Rooms by what they are about. */
export const rooms = {
  /** All connections of a user. */
  user: (userId: string): Room => `user:${userId}`,
  /** All connections of a sign-in: what is revoked together. */
  signIn: (signInId: string): Room => `signIn:${signInId}`,
  /** Connections that are told of the presence of a user. */
  presence: (userId: string): Room => `presence:${userId}`,
  conversation: (conversationId: string): Room => `conversation:${conversationId}`,
  session: (sessionId: string): Room => `session:${sessionId}`,
  /** Who has the chat of a session open, but for its host and moderators: `SessionRoom` tells both. */
  chat: (sessionId: string): Room => `chat:${sessionId}`,
  /** Its host and moderators, who are told everything. */
  staff: (sessionId: string): Room => `staff:${sessionId}`,
  /** Who is told how a broadcast does. */
  health: (sessionId: string): Room => `health:${sessionId}`,
  /** Guests who come from the device or address with this hash. */
  trace: (hash: string): Room => `trace:${hash}`,
  /** Moderators who are told of reports; there is one, `all`. */
  reports: (which: string): Room => `reports:${which}`,
};

/** Rooms that a connection follows by its own wish, and how many of each kind at most. */
export const followLimits = {
  ...{ session: 20, conversation: 200, chat: 20, staff: 20, health: 20, reports: 1 },
} as const;
export type FollowedKind = keyof typeof followLimits;

/** What a followed room is about; null for a name that is none. */
export function followedOf(room: string): { kind: FollowedKind; id: string } | null {
  const [kind, id] = room.split(':');
  if (id === undefined) return null;
  return isFollowed(kind) ? { kind, id } : null;
}

function isFollowed(kind: string | undefined): kind is FollowedKind {
  return kind !== undefined && Object.hasOwn(followLimits, kind);
}
