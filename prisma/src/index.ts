export { createPrisma, type Database, type DatabaseTransaction } from './createPrisma.ts';
export { Prisma } from '../generated/client.ts';
export type {
  Audience,
  Block,
  Contact,
  Follow,
  FollowCount,
  Language,
  Role,
  SeatState,
  Session,
  SessionBan,
  SessionState,
  SessionType,
  SignIn,
  SourceKind,
  StageNode,
  StagePeer,
  StageRole,
  StageSeat,
  StreamKey,
  Theme,
  User,
} from '../generated/client.ts';
export { displayNameOf, namesOf, usernameOf } from './names.ts';
export { hashPassword, verifyNothing, verifyPassword } from './password.ts';
export { hashSecret, newSecret, newStreamKey, streamKeyHint } from './secrets.ts';
