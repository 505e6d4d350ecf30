import { AnalyticsData } from '../analytics/analyticsData.repo.ts';
import { AuditData } from '../audit/auditData.repo.ts';
import { AccessData } from '../access/accessData.repo.ts';
import { ChatData } from '../chat/chatData.repo.ts';
import { ConversationsData } from '../conversations/conversationsData.repo.ts';
import { GiftsData } from '../gifts/giftsData.repo.ts';
import { IdentityData } from '../identity/identityData.repo.ts';
import { MediaData } from '../media/mediaData.repo.ts';
import { ModerationData } from '../moderation/moderationData.repo.ts';
import { NotificationsData } from '../notifications/notificationsData.repo.ts';
import { PeopleData } from '../people/peopleData.repo.ts';
import { PresenceData } from '../presence/presenceData.repo.ts';
import type { Emitter } from '../realtime/Emitter.ts';
import { RemindersData } from '../reminders/remindersData.repo.ts';
import { ReportsData } from '../reports/reportsData.repo.ts';
import { RestreamData } from '../restream/restreamData.repo.ts';
import { SecondFactorData } from '../secondFactor/secondFactorData.repo.ts';
import { SessionsData, type SessionsDataDependencies } from '../sessions/sessionsData.repo.ts';
import type { SfuCommands } from '../stage/SfuCommands.ts';
import { StageData } from '../stage/stageData.repo.ts';
import { StatusesData } from '../statuses/statusesData.repo.ts';
import type { MediaStore } from '../storage/MediaStore.ts';
import { StreamKeysData } from '../streamKeys/streamKeysData.repo.ts';
import { WebhooksData } from '../webhooks/webhooksData.repo.ts';
import { WalletData } from '../wallet/walletData.repo.ts';
import type { WalletRepo } from '../wallet/wallet.repo.ts';
import type { WithdrawalsRepo } from '../wallet/withdrawals.repo.ts';
import { DeletionRepo } from './deletion.repo.ts';
import { DeletionService, type DeletionDependencies } from './deletion.service.ts';
import { ExportJob } from './ExportJob.ts';
import { ExportQueue } from './ExportQueue.ts';
import { ExportsRepo } from './exports.repo.ts';
import { ExportsService } from './exports.service.ts';
import { ExportsData } from './exportsData.repo.ts';
import { ExportStore } from './ExportStore.ts';
import { ExportSweep } from './ExportSweep.ts';

type Dependencies = SessionsDataDependencies &
  Omit<DeletionDependencies, 'repo' | 'parts'> & {
    readonly sfu: SfuCommands;
    readonly store: MediaStore;
    readonly emitter: Emitter;
    readonly walletRepo: WalletRepo;
    readonly withdrawalsRepo: WithdrawalsRepo;
  };

/** What is kept about people, feature by feature: a feature that keeps something adds its part here. */
export function createPersonalData(dependencies: Dependencies) {
  const { database, sfu, identity, signIns, jobs, emitter, logger } = dependencies;
  const exporting = {
    exports: new ExportsRepo(database),
    queue: new ExportQueue(jobs),
    store: new ExportStore(dependencies.store),
    logger,
  };
  const { walletRepo, withdrawalsRepo } = dependencies;
  const parts = [
    new SessionsData(dependencies),
    new AccessData(database),
    new RemindersData(database),
    new StageData(database, sfu),
    new StreamKeysData(database),
    new AuditData(database),
    new ModerationData(database),
    new ReportsData(database),
    new RestreamData(database),
    new ChatData(database),
    new ConversationsData(database),
    new StatusesData(database),
    new PeopleData(database),
    new NotificationsData(database),
    new PresenceData(database),
    new SecondFactorData(database),
    new MediaData(database),
    new ExportsData(database, exporting.queue, exporting.store),
    new AnalyticsData(database),
    new WebhooksData(database),
    new GiftsData(database),
    new WalletData(database, walletRepo, withdrawalsRepo),
    new IdentityData(database),
  ];
  return {
    parts,
    deletion: new DeletionService({
      repo: new DeletionRepo(database),
      ...{ parts, identity, signIns, jobs, logger },
    }),
    exports: new ExportsService(exporting),
    exportJob: new ExportJob({ ...exporting, parts, emitter }),
    exportSweep: new ExportSweep(exporting),
  };
}
