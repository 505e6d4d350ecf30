import { ConversationsData } from '../conversations/conversationsData.repo.ts';
import { IdentityData } from '../identity/identityData.repo.ts';
import { NotificationsData } from '../notifications/notificationsData.repo.ts';
import { PeopleData } from '../people/peopleData.repo.ts';
import { PresenceData } from '../presence/presenceData.repo.ts';
import { SecondFactorData } from '../secondFactor/secondFactorData.repo.ts';
import { SessionsData, type SessionsDataDependencies } from '../sessions/sessionsData.repo.ts';
import type { SfuCommands } from '../stage/SfuCommands.ts';
import { StageData } from '../stage/stageData.repo.ts';
import { StatusesData } from '../statuses/statusesData.repo.ts';
import { StreamKeysData } from '../streamKeys/streamKeysData.repo.ts';
import { DeletionRepo } from './deletion.repo.ts';
import { DeletionService, type DeletionDependencies } from './deletion.service.ts';

type Dependencies = SessionsDataDependencies &
  Omit<DeletionDependencies, 'repo' | 'parts'> & { readonly sfu: SfuCommands };

/** What is kept about people, feature by feature: a feature that keeps something adds its part here. */
export function createPersonalData(dependencies: Dependencies) {
  const { database, sfu } = dependencies;
  const parts = [
    new SessionsData(dependencies),
    new StageData(database, sfu),
    new StreamKeysData(database),
    new ConversationsData(database),
    new StatusesData(database),
    new PeopleData(database),
    new NotificationsData(database),
    new PresenceData(database),
    new SecondFactorData(database),
    new IdentityData(database),
  ];
  const { identity, signIns, jobs, logger } = dependencies;
  return {
    parts,
    deletion: new DeletionService({
      repo: new DeletionRepo(database),
      ...{ parts, identity, signIns, jobs, logger },
    }),
  };
}
