import type { Conversation, ConversationMember, Media, Message, SharedConversation } from '@maydan/contracts';
import type { ConversationKind, MemberRole, MessageKind } from '@maydan/prisma';
import { pictureOf } from '../media/pictures.routes.ts';

/** A conversation without anybody's view of it. */
export interface SharedRow {
  readonly id: string;
  readonly kind: ConversationKind;
  readonly name: string | null;
  readonly description: string;
  readonly avatarId: string | null;
  readonly memberCount: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

type Nullable<T> = { readonly [K in keyof T]: T[K] | null };

/** Somebody as the columns `<prefix>Id`, `<prefix>Username`, `<prefix>Name` say. */
type UserColumns<P extends string> = Nullable<Record<`${P}Id` | `${P}Username` | `${P}Name`, string>>;

/** A message with its sender and what it answers, as `messageColumns` selects it. */
export type MessageRow = {
  readonly messageId: string;
  readonly conversationId: string;
  readonly seq: number;
  readonly tempId: string | null;
  readonly messageKind: MessageKind;
  readonly text: string;
  readonly forwarded: boolean;
  readonly revision: number;
  readonly sentAt: Date;
  readonly editedAt: Date | null;
  readonly messageDeletedAt: Date | null;
  readonly replyId: string | null;
  readonly replySeq: number | null;
  readonly replyKind: MessageKind | null;
  readonly replyText: string | null;
  readonly replyDeletedAt: Date | null;
} & UserColumns<'sender'> &
  UserColumns<'replier'>;

/** A conversation as one user sees it; the message is its newest. */
export type ConversationRow = SharedRow & {
  readonly lastSeq: number;
  readonly activeAt: Date;
} & Nullable<{ role: MemberRole; joinedAt: Date; fromSeq: number; lastReadSeq: number }> &
  UserColumns<'other'> &
  (MessageRow | { readonly messageId: null });

/** Files by the id of the message that has them. */
export type FilesByMessage = ReadonlyMap<string, Media[]>;

export interface MemberRow {
  readonly userId: string;
  readonly username: string;
  readonly displayName: string;
  readonly role: MemberRole;
  readonly joinedAt: Date;
  /** Null past a block. */
  readonly lastReadSeq: number | null;
}

export function toShared(row: SharedRow): SharedConversation {
  const { id, kind, name, description, memberCount, createdAt, updatedAt } = row;
  return {
    ...{ id, kind, name, description, memberCount },
    avatar: pictureOf(row.avatarId),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

export function toConversation(row: ConversationRow, files: FilesByMessage): Conversation {
  return {
    ...toShared(row),
    lastSeq: row.lastSeq,
    activeAt: row.activeAt.toISOString(),
    other: person(row.otherId, row.otherUsername, row.otherName),
    membership: toMembership(row),
    lastMessage: row.messageId === null ? null : seenAbove(row.fromSeq ?? 0, toMessage(row, files)),
  };
}

function toMembership(row: ConversationRow): Conversation['membership'] {
  if (row.role === null) return null;
  const [joinedAt, fromSeq, lastReadSeq] = [
    row.joinedAt ?? row.createdAt,
    row.fromSeq ?? 0,
    row.lastReadSeq ?? 0,
  ];
  return {
    ...{ role: row.role, joinedAt: joinedAt.toISOString(), lastReadSeq },
    unread: Math.max(0, row.lastSeq - Math.max(lastReadSeq, fromSeq)),
  };
}

export function toMessage(row: MessageRow, files: FilesByMessage): Message {
  return {
    id: row.messageId,
    conversationId: row.conversationId,
    seq: row.seq,
    sender: person(row.senderId, row.senderUsername, row.senderName),
    tempId: row.tempId,
    kind: row.messageKind,
    text: row.text,
    media: files.get(row.messageId) ?? [],
    replyTo: toReply(row, files),
    forwarded: row.forwarded,
    revision: row.revision,
    createdAt: row.sentAt.toISOString(),
    editedAt: row.editedAt?.toISOString() ?? null,
    deletedAt: row.messageDeletedAt?.toISOString() ?? null,
  };
}

function toReply(row: MessageRow, files: FilesByMessage): Message['replyTo'] {
  if (row.replyId === null || row.replySeq === null || row.replyKind === null) return null;
  return {
    id: row.replyId,
    seq: row.replySeq,
    available: true,
    sender: person(row.replierId, row.replierUsername, row.replierName),
    kind: row.replyKind,
    text: row.replyText ?? '',
    firstMedia: files.get(row.replyId)?.[0] ?? null,
    deletedAt: row.replyDeletedAt?.toISOString() ?? null,
  };
}

/** As somebody sees it who sees messages above `fromSeq`: of an answered one that isn't there for them nothing is told. */
export function seenAbove(fromSeq: number, message: Message): Message {
  const { replyTo } = message;
  if (replyTo === null || replyTo.seq > fromSeq) return message;
  const nothing = { sender: null, kind: 'text', text: '', firstMedia: null, deletedAt: null } as const;
  return { ...message, replyTo: { id: replyTo.id, seq: replyTo.seq, available: false, ...nothing } };
}

export function toMember(row: MemberRow, kind: ConversationKind): ConversationMember {
  const { userId: id, username, displayName, role, joinedAt, lastReadSeq } = row;
  return {
    user: { id, username, displayName },
    role,
    joinedAt: joinedAt.toISOString(),
    lastReadSeq: kind === 'publicChannel' ? null : lastReadSeq,
  };
}

function person(id: string | null, username: string | null, displayName: string | null): Message['sender'] {
  return id === null || username === null || displayName === null ? null : { id, username, displayName };
}
