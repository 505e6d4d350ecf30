import { AppError } from '@maydan/common';
import type { BoardGrant } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import { actorOf } from '../audit/audit.repo.ts';
import { requireRole } from '../identity/requireRole.ts';
import type { SignInsService } from '../identity/signIns.service.ts';
import type { ActsRepo } from './acts.repo.ts';
import { boardLifetimeSec, type BoardTokens } from './BoardTokens.ts';

const cookieName = 'maydan_board';

export interface BoardGuardDependencies {
  readonly tokens: BoardTokens;
  readonly signIns: Pick<SignInsService, 'current'>;
  readonly acts: ActsRepo;
  /** Where the board is; the cookie is sent there alone. */
  readonly path: string;
}

/** Lets admins look at the board in a browser, which can't send an access token with a page (feature M6). */
export class BoardGuard {
  readonly #deps: BoardGuardDependencies;

  constructor(dependencies: BoardGuardDependencies) {
    this.#deps = dependencies;
  }

  /**
   * The `Set-Cookie` header that lets the browser in. No script reads it, no other site makes the browser send it. `secure`:
   * only over TLS. Throws `forbidden`.
   */
  async open(admin: User, signInId: string, secure: boolean): Promise<BoardGrant & { cookie: string }> {
    requireRole(admin, 'admin');
    const { tokens, path, acts } = this.#deps;
    const target = { kind: 'queueBoard', id: path } as const;
    await acts.audited({ actor: actorOf(admin), action: 'queueBoard.opened', target });
    const token = tokens.mint({ userId: admin.id, signInId });
    const rest = ['HttpOnly', 'SameSite=Strict', ...(secure ? ['Secure'] : [])];
    const cookie = [`${cookieName}=${token}`, `Path=${path}`, `Max-Age=${boardLifetimeSec}`, ...rest];
    return { url: path, expiresInSec: boardLifetimeSec, cookie: cookie.join('; ') };
  }

  /**
   * Asks each time: the sign-in may have ended, the role may be another one. Throws `unauthenticated`, `token_invalid`,
   * `account_banned` and `forbidden`.
   */
  async check(cookieHeader: string | undefined): Promise<void> {
    const pairs = (cookieHeader ?? '').split(';').map((pair) => pair.trim().split('='));
    const token = pairs.find(([name]) => name === cookieName)?.[1];
    if (token === undefined) throw new AppError('unauthenticated');
    const { userId, signInId } = this.#deps.tokens.verify(token);
    requireRole(await this.#deps.signIns.current(userId, signInId), 'admin');
  }
}
