import type { NotificationData, NotificationType, SentGift } from '@maydan/contracts';

/** Something that people are to be told of. */
export interface Cause<T extends NotificationType = NotificationType> {
  /** What happened: it is told once, however often it is written. */
  readonly key: string;
  readonly type: T;
  /** Who is told. Null: those who follow the actor; of a `reminder` those who want to be reminded of the session. */
  readonly userId: string | null;
  /** Who did it; null: the platform. They are never told of it, nor is anybody with a block between the two. */
  readonly actorId: string | null;
  /** Notifications of one key become one while they are unread. */
  readonly groupKey: string;
  readonly data: NotificationData<T>;
}

/** A session, as far as people are told of it. */
interface ToldSession {
  readonly id: string;
  readonly hostId: string;
  readonly title: string;
  readonly type: NotificationData<'stream'>['sessionType'];
}

function toldOf({ id: sessionId, title, type: sessionType }: ToldSession) {
  return { sessionId, title: title.slice(0, 200), sessionType };
}

/** Who unfollows and follows again isn't told of twice. */
export function followCause(followerId: string, followeeId: string): Cause<'follow'> {
  const key = `follow:${followerId}:${followeeId}`;
  return { key, type: 'follow', userId: followeeId, actorId: followerId, groupKey: 'follow', data: {} };
}

/** Of a session that goes live; one that goes on after an interruption isn't told of again. */
export function streamCause(session: ToldSession): Cause<'stream'> {
  const key = `stream:${session.id}`;
  const data = toldOf(session);
  return { key, type: 'stream', userId: null, actorId: session.hostId, groupKey: key, data };
}

/** Of a private session that lets somebody in. */
export function invitationCause(session: ToldSession, userId: string): Cause<'invitation'> {
  const { id, hostId } = session;
  const key = `invitation:${id}:${userId}`;
  const data = toldOf(session);
  return { key, type: 'invitation', userId, actorId: hostId, groupKey: `invitation:${id}`, data };
}

/** Of a scheduled session that begins soon, for those who want to be reminded of it. Each time that it is moved to has a cause of its own. */
export function soonCause(session: ToldSession, startsAt: Date): Cause<'reminder'> {
  const key = `reminder:${session.id}:${startsAt.getTime()}`;
  const groupKey = `reminder:soon:${session.id}`;
  const data = { ...toldOf(session), moment: 'soon' as const, scheduledStartAt: startsAt.toISOString() };
  return { key, type: 'reminder', userId: null, actorId: session.hostId, groupKey, data };
}

/** Of the same once it is live. Followers among them aren't told by `streamCause`, too. */
export function liveCause(session: ToldSession): Cause<'reminder'> {
  const key = `reminder:live:${session.id}`;
  const data = { ...toldOf(session), moment: 'live' as const, scheduledStartAt: null };
  return { key, type: 'reminder', userId: null, actorId: session.hostId, groupKey: key, data };
}

/** Of gifts that somebody sends to somebody in a session: the first one is told; the room shows them all. */
export function giftCause(sent: SentGift): Cause<'gift'> {
  const { sessionId, sender, recipient, gift, quantity } = sent;
  const data = { sessionId, gift: `${gift.name.ar} · ${gift.name.en}`, quantity };
  const key = `gift:${sessionId}:${sender.id}:${recipient.id}`;
  return { key, type: 'gift', userId: recipient.id, actorId: sender.id, groupKey: `gift:${sessionId}`, data };
}

/** Of a webhook that was turned off, for nothing arrives there any more. */
export function disabledCause(webhook: {
  id: string;
  userId: string;
  url: string;
  at: Date;
}): Cause<'system'> {
  const { id, userId, at } = webhook;
  const host = URL.parse(webhook.url)?.host.slice(0, 200) ?? '';
  const data = {
    title: { en: 'A webhook was turned off', ar: 'أُوقف أحد خطافات الويب' },
    body: {
      en: `Messages to ${host} no longer arrive. Turn the webhook on again once it works.`,
      ar: `لم تعد الرسائل تصل إلى ${host}. شغّل خطاف الويب مجدداً حين يعمل.`,
    },
  };
  const key = `webhook:${id}:${at.getTime()}`;
  return { key, type: 'system', userId, actorId: null, groupKey: `webhook:${id}`, data };
}
