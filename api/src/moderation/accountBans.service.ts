import { AppError, type Logger } from '@maydan/common';
import type { AccountBan, AccountBanInput } from '@maydan/contracts';
import type { AccountBan as BanRow, User } from '@maydan/prisma';
import type { PlaybackBans } from '../access/PlaybackBans.ts';
import { actorOf } from '../audit/audit.repo.ts';
import { requireRole } from '../identity/requireRole.ts';
import type { Emitter } from '../realtime/Emitter.ts';
import { rooms } from '../realtime/rooms.ts';
import type { SessionsRepo } from '../sessions/sessions.repo.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import type { BansService } from '../stage/bans.service.ts';
import type { SeatsService } from '../stage/seats.service.ts';
import type { SfuCommands } from '../stage/SfuCommands.ts';
import type { Dismissal } from '../viewing/createViewing.ts';
import type { AccountBanRow, AccountBansRepo } from './accountBans.repo.ts';
import type { ModeratedRepo } from './moderated.repo.ts';
import { momentIn, type Ranks } from './Ranks.ts';
import { auditedTraces, tracesView } from './traces/banTraceViews.ts';
import type { GuestExpulsion } from './traces/GuestExpulsion.ts';
import type { Traces } from './traces/Traces.ts';

export interface AccountBansDependencies {
  readonly accountBans: AccountBansRepo;
  readonly moderated: ModeratedRepo;
  readonly ranks: Ranks;
  readonly repo: Pick<SessionsRepo, 'openedOf'>;
  readonly sessions: Pick<SessionsService, 'close'>;
  readonly seats: Pick<SeatsService, 'takeAll'>;
  readonly sfu: Pick<SfuCommands, 'removeUser'>;
  readonly roomBans: Pick<BansService, 'finish'>;
  readonly traces: Pick<Traces, 'of'>;
  readonly guests: Pick<GuestExpulsion, 'expel'>;
  readonly viewers: Pick<Dismissal, 'uncountedEverywhere' | 'countedAgain'>;
  readonly playbackBans: Pick<PlaybackBans, 'ban' | 'lift'>;
  readonly emitter: Emitter;
  readonly logger: Logger;
}

/** Bans and suspensions of accounts (features M1, M2), by moderators and admins. */
export class AccountBansService {
  readonly #deps: AccountBansDependencies;

  constructor(dependencies: AccountBansDependencies) {
    this.#deps = dependencies;
  }

  /**
   * From the commit on each request, sign-in and publish of the account is refused. Connections, rooms, stages and sessions are
   * ended at once; what a crash leaves of that the sweep does. Again reason and end are changed. Throws `forbidden` unless
   * one stands above, or when an admin gave the ban that is changed, and `not_found`.
   */
  async ban(actor: User, input: AccountBanInput): Promise<AccountBan> {
    const { id, reason, durationSec, devices, addressesForSec } = input;
    const user = await this.#above(actor, id);
    const expiresAt = momentIn(durationSec);
    const traces = await this.#deps.traces.of(id, { devices, addressesForSec, until: expiresAt });
    const details = { durationSec, ...auditedTraces(traces, addressesForSec) };
    const act = { ...actOn(actor, id), action: 'user.banned', reason, details } as const;
    const ban = { userId: id, byId: actor.id, reason, expiresAt, traces };
    const row = await this.#deps.accountBans.ban(actor, ban, user.role, act);
    if (row === null) {
      await this.#above(actor, id);
      throw new AppError('conflict', 'The role of this account was changed at this moment; try again.');
    }
    this.#deps.logger.info({ userId: id, byId: actor.id, durationSec }, 'an account was banned');
    await this.#deps.guests.expel(traces, null);
    await this.#enforce(row);
    return view(user, row);
  }

  /** Throws `not_found` without a ban. */
  async get(actor: User, id: string): Promise<AccountBan> {
    requireRole(actor, 'moderator', 'admin');
    const user = await this.#deps.moderated.findUser(id);
    const row = user === null ? null : await this.#deps.accountBans.find(id);
    if (user === null || row === null) throw new AppError('not_found');
    return view(user, row);
  }

  /** They have to sign in again. Throws `forbidden`, and `not_found` without a ban. */
  async unban(actor: User, { id, reason }: { id: string; reason: string | null }): Promise<void> {
    await this.#above(actor, id);
    const lifted = await this.#deps.accountBans.unban(actor, id, {
      ...actOn(actor, id),
      action: 'user.unbanned',
      reason,
    });
    if (!lifted) throw new AppError('not_found', 'This account is not banned.');
    await this.#deps.playbackBans.lift(null, id);
    await this.#deps.viewers.countedAgain(id);
  }

  /** Guests are let in again from its devices and addresses. Throws `forbidden`, and `not_found` when it includes none. */
  async clearTraces(actor: User, id: string): Promise<void> {
    await this.#above(actor, id);
    const act = { ...actOn(actor, id), action: 'user.tracesCleared' } as const;
    if (!(await this.#deps.accountBans.clearTraces(actor, id, act))) throw new AppError('not_found');
  }

  /** One round: lifts suspensions that are over, removes other sanctions that are, and does what a crash left of bans, also of those from sessions. */
  async run(now = new Date()): Promise<void> {
    const { accountBans, roomBans, moderated, logger } = this.#deps;
    for (const userId of await accountBans.liftExpired(now)) logger.info({ userId }, 'a suspension is over');
    // Before those that are over go: what was written before a short one is deleted, too.
    await roomBans.finish(now);
    await moderated.deleteExpired(now);
    for (const ban of await accountBans.unenforced()) await this.#enforce(ban);
  }

  /** May be repeated. */
  async #enforce(ban: BanRow): Promise<void> {
    const { accountBans, repo, sessions, seats, sfu, playbackBans, viewers, emitter } = this.#deps;
    const { userId } = ban;
    await emitter.disconnect(rooms.user(userId), 'account_banned');
    await playbackBans.ban(null, ban);
    await viewers.uncountedEverywhere(userId, ban.expiresAt);
    await sfu.removeUser(userId, 'banned');
    for (const { id } of await repo.openedOf(userId)) {
      await sessions.close(id, 'moderatorEnded', ban.byId).catch(unlessOver);
    }
    await seats.takeAll(userId);
    await accountBans.enforced(ban);
  }

  async #above(actor: User, id: string): Promise<User> {
    requireRole(actor, 'moderator', 'admin');
    const user = await this.#deps.moderated.findUser(id);
    if (user === null) throw new AppError('not_found');
    await this.#deps.ranks.requireAbove(actor, user);
    return user;
  }
}

/** Another end came first. */
function unlessOver(error: unknown): void {
  if (!(error instanceof AppError) || error.code !== 'wrong_state') throw error;
}

function actOn(actor: User, id: string) {
  return { actor: actorOf(actor), target: { kind: 'user', id }, userId: id } as const;
}

function view(
  { id, username, displayName }: User,
  { reason, createdAt, expiresAt, traces }: AccountBanRow,
): AccountBan {
  return {
    user: { id, username, displayName },
    reason,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt?.toISOString() ?? null,
    ...tracesView(traces),
  };
}
