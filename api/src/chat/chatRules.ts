import type { ChatRole, ChatRules, ChatSettings, ErrorCode } from '@maydan/contracts';
import { hasLink, isEmojiOnly } from './texts.ts';
import { containsBanned, type BannedWords } from './words.ts';

/** What a chat asks, each with the roles that are above it. */
const exempt = {
  followers: ['host', 'moderator', 'cohost'],
  subscribers: ['host', 'moderator', 'cohost'],
  verified: ['host', 'moderator', 'cohost'],
  slow: ['host', 'moderator', 'cohost'],
  duplicates: ['host', 'moderator'],
  unique: ['host', 'moderator', 'cohost'],
  emoji: ['host', 'moderator'],
  links: ['host', 'moderator', 'cohost'],
  words: ['host', 'moderator'],
  length: ['host', 'moderator'],
  classifier: ['host', 'moderator'],
  delay: ['host', 'moderator', 'cohost'],
  rate: ['host', 'moderator'],
} as const satisfies Record<string, readonly ChatRole[]>;

/** Whether a rule holds for somebody of this role. */
export function holdsFor(rule: keyof typeof exempt, role: ChatRole): boolean {
  return !(exempt[rule] as readonly ChatRole[]).includes(role);
}

const shieldSlowSec = 30;

/** The settings of a chat in which nothing was set. */
export const defaultRules: ChatRules = {
  ...{ slowModeSec: 0, followersOnly: false, followersMinSec: 0, emojiOnly: false, linksOff: false },
  ...{
    subscribersOnly: false,
    uniqueOnly: false,
    verifiedOnly: false,
    delaySec: 0,
    maxLength: 500,
    shield: false,
    bannedWords: [],
  },
};

/** What holds: the shield adds to what is set. */
export function effective(settings: ChatSettings): ChatSettings {
  if (!settings.shield) return settings;
  const slowModeSec = Math.max(settings.slowModeSec, shieldSlowSec);
  return { ...settings, slowModeSec, followersOnly: true, linksOff: true, uniqueOnly: true };
}

export interface Writer {
  readonly role: ChatRole;
  /** Null: doesn't follow the host. */
  readonly followsSince: Date | null;
  /** Admitted by the host, and that isn't over. */
  readonly isSubscriber: boolean;
  /** Has proved a phone number or a Google account. */
  readonly isVerified: boolean;
}

/** Why somebody may not write now; null when they may. Pure. */
export function refusalOfWriter(
  { role, followsSince, isSubscriber, isVerified }: Writer,
  settings: ChatSettings,
  now: Date,
): ErrorCode | null {
  const { followersOnly, followersMinSec, subscribersOnly, verifiedOnly } = effective(settings);
  if (followersOnly && holdsFor('followers', role)) {
    const followsForSec = followsSince === null ? -1 : (now.getTime() - followsSince.getTime()) / 1_000;
    if (followsSince === null || followsForSec < followersMinSec) return 'chat_followers_only';
  }
  if (subscribersOnly && holdsFor('subscribers', role) && !isSubscriber) return 'chat_subscribers_only';
  if (verifiedOnly && holdsFor('verified', role) && !isVerified) return 'chat_verified_only';
  return null;
}

/** Why a text may not be written; null when it may. `text` is as it would be stored. Pure. */
export function refusalOfText(
  text: string,
  role: ChatRole,
  settings: ChatSettings,
  banned: readonly BannedWords[],
): ErrorCode | null {
  const { maxLength, emojiOnly, linksOff } = effective(settings);
  if (holdsFor('length', role) && text.length > maxLength) return 'chat_too_long';
  if (holdsFor('words', role) && banned.some((words) => containsBanned(text, words)))
    return 'chat_word_banned';
  if (linksOff && holdsFor('links', role) && hasLink(text)) return 'chat_links_off';
  if (emojiOnly && holdsFor('emoji', role) && !isEmojiOnly(text)) return 'chat_emoji_only';
  return null;
}
