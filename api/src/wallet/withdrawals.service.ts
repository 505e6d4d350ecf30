import { AppError, type Logger } from '@maydan/common';
import {
  withdrawal,
  type UserWithdrawal,
  type UserWithdrawalPage,
  type Withdrawal,
  type WithdrawalPage,
  type withdrawalInput,
  type withdrawalListInput,
} from '@maydan/contracts';
import type { User, Withdrawal as WithdrawalRow } from '@maydan/prisma';
import type { z } from 'zod';
import { actorOf } from '../audit/audit.repo.ts';
import { requireRole } from '../identity/requireRole.ts';
import { payoutOf } from '../ledger/arithmetic.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { PageInput } from '../people/listed.ts';
import { decodeCursor, pageOf } from '../sessions/cursor.ts';
import type { BookOwners } from './bookOwners.repo.ts';
import { requireStorable, type Prices } from './prices.ts';
import { withdrawalView } from './views.ts';
import type { Decision, WithdrawalsRepo } from './withdrawals.repo.ts';

export interface WithdrawalsDependencies {
  readonly withdrawals: WithdrawalsRepo;
  readonly owners: BookOwners;
  readonly prices: Prices;
  readonly limits: RateLimits;
  readonly logger: Logger;
}

const positionOf = ({ createdAt, id }: WithdrawalRow) => ({ at: createdAt, id });

/** What people have earned goes out of the platform: requested and held, approved or rejected by an admin, paid (feature G5). */
export class WithdrawalsService {
  readonly #deps: WithdrawalsDependencies;

  constructor(dependencies: WithdrawalsDependencies) {
    this.#deps = dependencies;
  }

  /** Throws `insufficient_funds`, `conflict` and `idempotency_conflict`. */
  async create(user: User, key: string, request: z.infer<typeof withdrawalInput>): Promise<Withdrawal> {
    const { withdrawals, limits, prices, logger } = this.#deps;
    await limits.wallet(user.id);
    const { currency, payoutMinor } = prices;
    const coins = BigInt(request.coins);
    const amountMinor = requireStorable(payoutOf(coins, payoutMinor));
    if (amountMinor === 0) throw new AppError('insufficient_funds', 'So few coins are worth no money.');
    const asked = { userId: user.id, key, operation: 'withdrawal', request };
    const { destination } = request;
    const data = { userId: user.id, coins, amountMinor, currency, destination };
    const made = withdrawal.parse(await withdrawals.create(asked, data));
    logger.info({ userId: user.id, withdrawalId: made.id, coins: made.coins }, 'a withdrawal was requested');
    return made;
  }

  list(user: User, input: PageInput): Promise<WithdrawalPage> {
    return this.#page(user.id, input);
  }

  /** Somebody's, for admins. Throws `forbidden` and `not_found`. */
  async listOf(admin: User, input: PageInput & { id: string }): Promise<WithdrawalPage> {
    await this.#deps.owners.requireFor(admin, input.id);
    return this.#page(input.id, input);
  }

  /** Throws `not_found`, and `wrong_state` once it was decided on. */
  async cancel(user: User, id: string): Promise<Withdrawal> {
    const { withdrawals, limits } = this.#deps;
    await limits.wallet(user.id);
    const known = await withdrawals.find(id);
    if (known?.userId !== user.id) throw new AppError('not_found');
    return withdrawalView(await this.#decide(id, { from: ['requested'], to: 'cancelled', by: null }));
  }

  /** For admins. */
  async listIn(admin: User, input: z.infer<typeof withdrawalListInput>): Promise<UserWithdrawalPage> {
    requireRole(admin, 'admin');
    const rows = await this.#deps.withdrawals.listIn(input.state, wishOf(input));
    const { page, nextCursor } = pageOf(rows, input.limit, positionOf);
    return { items: await this.#withUsers(page), nextCursor };
  }

  approve(admin: User, id: string): Promise<UserWithdrawal> {
    return this.#decideAs(admin, id, { from: ['requested'], to: 'approved', by: actorOf(admin) });
  }

  reject(admin: User, { id, reason }: { id: string; reason: string }): Promise<UserWithdrawal> {
    const from = ['requested', 'approved'] as const;
    return this.#decideAs(admin, id, { from, to: 'rejected', by: actorOf(admin), reason });
  }

  /** The money was transferred. */
  pay(admin: User, { id, reference }: { id: string; reference: string }): Promise<UserWithdrawal> {
    return this.#decideAs(admin, id, { from: ['approved'], to: 'paid', by: actorOf(admin), reference });
  }

  /** Throws `forbidden` for others than admins and for one's own, `not_found`, and `wrong_state`. */
  async #decideAs(admin: User, id: string, decision: Decision): Promise<UserWithdrawal> {
    requireRole(admin, 'admin');
    const known = await this.#deps.withdrawals.find(id);
    if (known === null) throw new AppError('not_found');
    if (known.userId === admin.id) throw new AppError('forbidden', 'Somebody else decides on your own.');
    const row = await this.#decide(id, decision);
    const [view] = await this.#withUsers([row]);
    if (view === undefined) throw new AppError('not_found');
    return view;
  }

  async #decide(id: string, decision: Decision): Promise<WithdrawalRow> {
    const row = await this.#deps.withdrawals.decide(id, decision);
    if (row === null) throw new AppError('wrong_state', 'The withdrawal is not in a state for this.');
    this.#deps.logger.info(
      { withdrawalId: id, state: row.state, byId: decision.by?.id ?? null },
      'a withdrawal changed',
    );
    return row;
  }

  async #page(userId: string, input: PageInput): Promise<WithdrawalPage> {
    const rows = await this.#deps.withdrawals.listOf(userId, wishOf(input));
    const { page, nextCursor } = pageOf(rows, input.limit, positionOf);
    return { items: page.map(withdrawalView), nextCursor };
  }

  async #withUsers(rows: readonly WithdrawalRow[]): Promise<UserWithdrawal[]> {
    const users = await this.#deps.withdrawals.usersOf(rows);
    return rows.flatMap((row) => {
      const user = users.get(row.userId);
      return user === undefined ? [] : [{ ...withdrawalView(row), user }];
    });
  }
}

function wishOf({ cursor, limit }: PageInput) {
  return { after: cursor === undefined ? null : decodeCursor(cursor), take: limit + 1 };
}
