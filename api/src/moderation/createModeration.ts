import type { Database } from '@maydan/prisma';
import { AccountBansRepo } from './accountBans.repo.ts';
import { AccountBansService, type AccountBansDependencies } from './accountBans.service.ts';
import { ModeratedRepo } from './moderated.repo.ts';
import { MessageModeration, type MessageModerationDependencies } from './messageModeration.service.ts';
import { RecordingsRepo } from './recordings.repo.ts';
import { RecordingsService, type RecordingsDependencies } from './recordings.service.ts';
import { RoomModeratorsService, type RoomModeratorsDependencies } from './roomModerators.service.ts';
import { RoomSanctionsService, type RoomSanctionsDependencies } from './roomSanctions.service.ts';
import { StreamKeyModeration, type StreamKeyModerationDependencies } from './streamKeyModeration.service.ts';

type Own = 'moderated' | 'accountBans' | 'recordings';
export type ModerationParts = { readonly database: Database } & Omit<AccountBansDependencies, Own> &
  Omit<RoomModeratorsDependencies, Own> &
  Omit<RoomSanctionsDependencies, Own> &
  Omit<StreamKeyModerationDependencies, Own> &
  Omit<RecordingsDependencies, Own> &
  Omit<MessageModerationDependencies, Own>;

/** The parts of moderation, wired up. */
export function createModeration(parts: ModerationParts) {
  const moderated = new ModeratedRepo(parts.database);
  const shared = { ...parts, moderated };
  return {
    moderators: new RoomModeratorsService(shared),
    sanctions: new RoomSanctionsService(shared),
    accountBans: new AccountBansService({ ...shared, accountBans: new AccountBansRepo(parts.database) }),
    recordings: new RecordingsService({ ...shared, recordings: new RecordingsRepo(parts.database) }),
    messages: new MessageModeration(shared),
    streamKeys: new StreamKeyModeration(shared),
  };
}
export type Moderation = ReturnType<typeof createModeration>;
