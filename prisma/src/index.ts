export { createPrisma, isOverload, type Database, type DatabaseTransaction } from './createPrisma.ts';
export { Prisma } from '../generated/client.ts';
export type {
  AccountExport,
  Audience,
  Block,
  Contact,
  Conversation,
  ConversationKind,
  Follow,
  FollowCount,
  Language,
  Member,
  MemberRole,
  Message,
  MessageKind,
  Notification,
  NotificationCause,
  NotificationSettings,
  NotificationType,
  PushDevice,
  PushKind,
  Media,
  Role,
  SeatState,
  SecondFactor,
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
  Status,
  StatusAudience,
  StreamKey,
  Theme,
  User,
} from '../generated/client.ts';
export { displayNameOf, namesOf, usernameOf } from './names.ts';
export { newId } from './newId.ts';
export { hashPassword, verifyNothing, verifyPassword } from './password.ts';
export { hashSecret, newSecret, newStreamKey, streamKeyHint } from './secrets.ts';
export { ask, isTaken } from './statements.ts';
