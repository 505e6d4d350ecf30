import type { Me } from '@maydan/contracts';
import { pictureOf } from '../media/pictures.routes.ts';
import type { User } from './identity.repo.ts';

/** What users see of their own account. */
export function toMe(user: User): Me {
  const { id, username, email, phone, displayName, bio, role, language, theme } = user;
  const { messagesFrom, presenceFor, foundByEmail, foundByPhone } = user;
  return {
    ...{ id, username, email, phone, displayName, bio, role, language, theme },
    emailVerified: user.emailVerifiedAt !== null,
    avatar: pictureOf(user.avatarId),
    cover: pictureOf(user.coverId),
    privacy: { messagesFrom, presenceFor, foundByEmail, foundByPhone },
    hasPassword: user.passwordHash !== null,
    hasGoogle: user.googleSubject !== null,
    hasSecondFactor: user.secondFactorAt !== null,
    createdAt: user.createdAt.toISOString(),
  };
}
