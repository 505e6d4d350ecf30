import { AppError } from '@maydan/common';
import type { Role } from '@maydan/contracts';

/** Throws `forbidden` unless the user has one of the roles. */
export function requireRole(user: { readonly role: Role }, ...roles: Role[]): void {
  if (!roles.includes(user.role)) throw new AppError('forbidden');
}

/** Whether the user may end or delete what others show. */
export function moderates({ role }: { readonly role: Role }): boolean {
  return role === 'moderator' || role === 'admin';
}
