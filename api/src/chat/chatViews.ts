import type { ChatMessage, ChatRole, ChatRules, ChatSettings, PublicUser } from '@maydan/contracts';
import type { ChatRow } from './chat.repo.ts';

export function toChatMessage(row: ChatRow): ChatMessage {
  const { id, seq, role, text, createdAt, deletedAt } = row;
  return {
    ...{ id, seq, role, text },
    sender: person(row.senderId, row.senderUsername, row.senderName),
    replyTo: toReply(row),
    createdAt: createdAt.toISOString(),
    deletedAt: deletedAt?.toISOString() ?? null,
  };
}

export function toReply(
  row: Pick<ChatRow, 'replyId' | 'replySeq' | 'replyText' | 'replierId' | 'replierUsername' | 'replierName'>,
): ChatMessage['replyTo'] {
  if (row.replyId === null || row.replySeq === null) return null;
  const sender = person(row.replierId, row.replierUsername, row.replierName);
  return { id: row.replyId, seq: row.replySeq, sender, text: row.replyText ?? '' };
}

/** What everybody sees of the settings. */
export function toSettings({ bannedWords: _, ...settings }: ChatRules): ChatSettings {
  return settings;
}

/** Who somebody is in the chat of a session; moderators are of the platform, or the host's. */
export function chatRoleOf(
  user: { readonly id: string; readonly role: string },
  hostId: string,
  is: { readonly onStage: boolean; readonly moderator: boolean },
): ChatRole {
  if (user.id === hostId) return 'host';
  if (user.role !== 'user' || is.moderator) return 'moderator';
  return is.onStage ? 'cohost' : 'viewer';
}

function person(id: string | null, username: string | null, displayName: string | null): PublicUser | null {
  return id === null || username === null || displayName === null ? null : { id, username, displayName };
}
