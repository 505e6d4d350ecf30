import { randomInt } from 'node:crypto';
import { AppError, type Logger } from '@maydan/common';
import {
  sentGift,
  type GiftSendInput,
  type GiftTotals,
  type SentGift,
  type SentGiftPage,
} from '@maydan/contracts';
import { newId, type SentGift as SentGiftRow, type User } from '@maydan/prisma';
import { actorOf } from '../audit/audit.repo.ts';
import { requireRole } from '../identity/requireRole.ts';
import {
  commissionOf,
  commissionShards,
  receivingOf,
  receivingShards,
  walletOf,
} from '../ledger/accounts.ts';
import { splitCommission } from '../ledger/arithmetic.ts';
import type { KeyedRequest } from '../ledger/idempotency.repo.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import { giftCause } from '../notifications/causes.ts';
import type { Viewer } from '../people/blocks.repo.ts';
import type { PageInput } from '../people/listed.ts';
import { decodeCursor, pageOf } from '../sessions/cursor.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import type { Prices } from '../wallet/prices.ts';
import { shownOf } from './catalogue.repo.ts';
import type { Context, GiftsRepo, NewGift } from './gifts.repo.ts';
import { sentGiftView } from './sentGiftView.ts';
import type { SeenUsers } from './seenUsers.repo.ts';

export interface GiftsDependencies {
  readonly gifts: GiftsRepo;
  readonly sessions: Pick<SessionsService, 'findVisible'>;
  readonly seen: SeenUsers;
  readonly prices: Prices;
  readonly limits: RateLimits;
  /** There is news of gifts, or a cause of notifications. */
  readonly toldLater: () => void;
  readonly logger: Logger;
}

/** Sending gifts to people on air, and who sent what (feature G4). */
export class GiftsService {
  readonly #deps: GiftsDependencies;

  constructor(dependencies: GiftsDependencies) {
    this.#deps = dependencies;
  }

  /**
   * The sender pays, the recipient and the platform get their parts, and the room is told; or nothing happens. Throws
   * `not_found`, `wrong_state` when nobody is on air, `forbidden` when banned from the session, `conflict` for somebody who isn't on
   * stage or for oneself, `insufficient_funds` and `idempotency_conflict`.
   */
  async send(user: User, input: GiftSendInput): Promise<SentGift> {
    const { limits, toldLater } = this.#deps;
    await limits.gifts(user.id);
    const { params, headers, body } = input;
    const request: KeyedRequest = {
      ...{ userId: user.id, key: headers['idempotency-key'], operation: 'gift' },
      request: { sessionId: params.id, ...body },
    };
    const answer = await this.#firstAnswer(request, () => this.#plan(user, input, request));
    const sent = sentGift.parse(answer);
    toldLater();
    return sent;
  }

  /** What would be refused now may have been done before. */
  async #firstAnswer(request: KeyedRequest, plan: () => Promise<NewGift>): Promise<unknown> {
    const { gifts } = this.#deps;
    try {
      return await gifts.send(await plan());
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const before = await gifts.stored(request);
      if (before === null) throw error;
      return before;
    }
  }

  async #plan(user: User, input: GiftSendInput, request: KeyedRequest): Promise<NewGift> {
    const { params, body } = input;
    const session = await this.#deps.sessions.findVisible(user, params.id);
    const recipientId = body.recipientId ?? session.hostId;
    const context = await this.#deps.gifts.context(body.giftId, session.id, user.id, recipientId);
    if (session.state !== 'live' && session.state !== 'interrupted') {
      throw new AppError('wrong_state', 'Gifts can be sent while the session is live.');
    }
    if (recipientId === user.id) throw new AppError('conflict', 'You can not give to yourself.');
    const recipient = checked(context, recipientId, session.hostId);
    return this.#gift(
      user,
      { ...recipient, sessionId: session.id, quantity: body.quantity, message: body.message },
      request,
    );
  }

  #gift(
    user: User,
    wish: ReturnType<typeof checked> & { sessionId: string; quantity: number; message: string },
    request: KeyedRequest,
  ): NewGift {
    const { gift, recipient, sessionId, quantity, message } = wish;
    const coins = gift.price * quantity;
    const { receiver, commission } = splitCommission(BigInt(coins), this.#deps.prices.commissionPercent);
    const sender = { id: user.id, username: user.username, displayName: user.displayName };
    const answer: SentGift = {
      ...{ id: newId(), sessionId, sender, recipient, quantity, coins, message, returned: false },
      gift: { id: gift.id, ...shownOf(gift) },
      at: new Date().toISOString(),
    };
    const postings = [
      { account: walletOf(user.id), amount: -BigInt(coins) },
      { account: receivingOf(recipient.id, randomInt(receivingShards)), amount: receiver },
      { account: commissionOf(randomInt(commissionShards)), amount: commission },
    ].filter(({ amount }) => amount !== 0n);
    return { request, answer, commission, postings, cause: { id: newId(), ...giftCause(answer) } };
  }

  /** Of a session that the viewer may see, the newest first. */
  async ofSession(viewer: Viewer, input: PageInput & { id: string }): Promise<SentGiftPage> {
    await this.#deps.sessions.findVisible(viewer, input.id);
    return this.#page({ sessionId: input.id }, input, viewer);
  }

  async totals(viewer: Viewer, sessionId: string): Promise<GiftTotals> {
    await this.#deps.sessions.findVisible(viewer, sessionId);
    return this.#deps.gifts.totals(sessionId);
  }

  /** Each their own alone. */
  sent(user: User, input: PageInput): Promise<SentGiftPage> {
    return this.#page({ senderId: user.id }, input, null);
  }

  received(user: User, input: PageInput): Promise<SentGiftPage> {
    return this.#page({ recipientId: user.id }, input, null);
  }

  /** By an admin. Throws `forbidden`, `not_found` and `conflict` when it was given back before. */
  async giveBack(admin: User, id: string): Promise<SentGift> {
    requireRole(admin, 'admin');
    const { gifts, toldLater, logger } = this.#deps;
    const known = await gifts.find(id);
    if (known === null) throw new AppError('not_found');
    await gifts.openFor(known.senderId, known.recipientId);
    const row = await gifts.giveBack(id, actorOf(admin));
    if (row === null) throw new AppError('conflict', 'The gift was given back before.');
    logger.info({ giftId: id, adminId: admin.id }, 'a gift was given back');
    toldLater();
    const [full] = await gifts.full([row]);
    if (full === undefined) throw new AppError('not_found');
    return sentGiftView(full);
  }

  /** Those of people whom a block hides from the viewer are left out. */
  async #page(
    where: Parameters<GiftsRepo['list']>[0],
    input: PageInput,
    viewer: Viewer,
  ): Promise<SentGiftPage> {
    const { gifts, seen } = this.#deps;
    const after = input.cursor === undefined ? null : decodeCursor(input.cursor).id;
    const rows = await gifts.list(where, after, input.limit + 1);
    const { page, nextCursor } = pageOf(rows, input.limit, ({ at, id }: SentGiftRow) => ({ at, id }));
    const hidden = await seen.hiddenFrom(
      viewer,
      page.flatMap(({ senderId, recipientId }) => [senderId, recipientId]),
    );
    const shown = page.filter(
      ({ senderId, recipientId }) => !hidden.has(senderId) && !hidden.has(recipientId),
    );
    return { items: (await gifts.full(shown)).map(sentGiftView), nextCursor };
  }
}

/** Throws as `GiftsService.send` does. */
function checked(context: Context | null, recipientId: string, hostId: string) {
  if (context === null || !context.active) throw new AppError('not_found', 'There is no such gift.');
  const { username, displayName, blocked, banned, onStage, ...gift } = context;
  if (username === null || displayName === null || blocked) throw new AppError('not_found');
  if (banned) throw new AppError('forbidden');
  if (recipientId !== hostId && !onStage) throw new AppError('conflict', 'This person is not on stage.');
  return { gift, recipient: { id: recipientId, username, displayName } };
}
