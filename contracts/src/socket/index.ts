import type { z } from 'zod';
import { accountEvents } from './account.ts';
import { chatEvents, chatMessages } from './chat.ts';
import { connectionEvents, connectionMessages } from './connection.ts';
import { conversationEvents, conversationMessages } from './conversations.ts';
import { giftMessages } from './gifts.ts';
import { healthEvents, healthMessages } from './health.ts';
import { mediaEvents } from './media.ts';
import { moderationEvents, moderationMessages } from './moderation.ts';
import { peopleMessages } from './people.ts';
import { presenceEvents, presenceMessages } from './presence.ts';
import { notificationEvents, notificationMessages } from './notifications.ts';
import { reminderMessages } from './reminders.ts';
import { reportEvents, reportMessages } from './reports.ts';
import { restreamEvents, restreamMessages } from './restream.ts';
import { sessionEvents, sessionMessages } from './sessions.ts';
import { viewingMessages } from './viewing.ts';
import { sessionRoomEvents } from './sessionRoom.ts';
import { statusEvents, statusMessages } from './statuses.ts';

export { broadcastHealth, type BroadcastHealth } from './health.ts';
export { typingSec } from './conversations.ts';
export { maxNamed, reactionCounts, roomEvent, type RoomEvent } from './sessionRoom.ts';
export { maxPacketBytes, message, type MessageAccess, type MessageContract } from './message.ts';

/**
 * Socket.IO of the api, default namespace. A handshake with `auth: { token }` (an access token) also gets what is for its
 * user; one that is expired or not valid is refused, with the error body as `data` of `connect_error`. A client that was
 * gone for up to 2 minutes is told what it missed, in order and once, at whichever process it comes back (Socket.IO's
 * connection state recovery).
 *
 * Each message is acknowledged: with its output, or with the one error body; `not_found` when there is no message of this
 * name, which costs 5 points. A user, and all guests of a network, have a limited number of connections to a process: the
 * next handshake is refused with `rate_limited`. Messages of one connection are handled in
 * their order. Both are parsed with these schemas on arrival.
 */
export const clientMessages = {
  ...chatMessages,
  ...connectionMessages,
  ...conversationMessages,
  ...giftMessages,
  ...moderationMessages,
  ...healthMessages,
  ...notificationMessages,
  ...peopleMessages,
  ...presenceMessages,
  ...reminderMessages,
  ...reportMessages,
  ...restreamMessages,
  ...sessionMessages,
  ...statusMessages,
  ...viewingMessages,
};

/** Events that the api sends; a string behind the payload is the position that Socket.IO's recovery goes by. */
export const serverEvents = {
  ...accountEvents,
  ...chatEvents,
  ...connectionEvents,
  ...conversationEvents,
  ...healthEvents,
  ...notificationEvents,
  ...mediaEvents,
  ...moderationEvents,
  ...presenceEvents,
  ...reportEvents,
  ...restreamEvents,
  ...sessionEvents,
  ...sessionRoomEvents,
  ...statusEvents,
};

/**
 * A connection handles `perSocket` points in `perSocketSec` seconds, all those of a user `perUser` in `perUserSec`; more is
 * refused with `rate_limited`. One that sends `floodFactor` times as much is disconnected for good.
 */
export const socketLimits = {
  ...{ perSocket: 60, perSocketSec: 10, floodFactor: 5 },
  ...{ perUser: 300, perUserSec: 60 },
} as const;

export type ClientMessages = typeof clientMessages;
export type MessageName = keyof ClientMessages;
/** A payload as a client may write it, before defaults are filled in. */
export type MessagePayload<N extends MessageName> = z.input<ClientMessages[N]['input']>;
export type MessageInput<N extends MessageName> = z.output<ClientMessages[N]['input']>;
export type MessageOutput<N extends MessageName> = z.output<ClientMessages[N]['output']>;

export type ServerEvents = typeof serverEvents;
export type ServerEventName = keyof ServerEvents;
export type ServerEventPayload<E extends ServerEventName> = z.output<ServerEvents[E]>;
