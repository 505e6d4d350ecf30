import { AppError, type Logger } from '@maydan/common';
import {
  sentGift,
  type GiftSendInput,
  type GiftTotals,
  type SentGift,
  type SentGiftPage,
} from '@maydan/contracts';
import { newId, type SentGift as SentGiftRow, type User } from '@maydan/prisma';
import type { SessionAccess } from '../access/SessionAccess.ts';
import { actorOf } from '../audit/audit.repo.ts';
import { requireRole } from '../identity/requireRole.ts';
import { splitCommission } from '../ledger/arithmetic.ts';
import type { KeyedRequest } from '../ledger/idempotency.repo.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import { giftCause } from '../notifications/causes.ts';
import type { Viewer } from '../people/blocks.repo.ts';
import type { PageInput } from '../people/listed.ts';
import { decodeCursor, pageOf } from '../sessions/cursor.ts';
import type { SessionRoom } from '../realtime/SessionRoom.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import type { BookOwners } from '../wallet/bookOwners.repo.ts';
import type { Prices } from '../wallet/prices.ts';
import { shownOf } from './catalogue.repo.ts';
import type { Context, GiftsRepo } from './gifts.repo.ts';
import type { NewGift } from './sending.repo.ts';
import { sentGiftView } from './sentGiftView.ts';
import type { SeenUsers } from './seenUsers.repo.ts';

export interface GiftsDependencies {
  readonly gifts: GiftsRepo;
  readonly owners: BookOwners;
  readonly sessions: Pick<SessionsService, 'findVisible'>;
  readonly access: Pick<SessionAccess, 'admit'>;
  readonly seen: SeenUsers;
  /** Throws unless the user may say this to all who are there, as a message of the chat. */
  readonly requireSayable: (user: User, sessionId: string, text: string, isSaid?: boolean) => Promise<void>;
  readonly prices: Prices;
  readonly room: Pick<SessionRoom, 'emit'>;
  readonly limits: RateLimits;
  /** There is news of gifts. */
  readonly newsLater: () => void;
  /** Somebody is to be told of a cause of notifications. */
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
   * stage or for oneself, `insufficient_funds` and `idempotency_conflict`; for its words what the chat refuses them with.
   */
  async send(user: User, input: GiftSendInput): Promise<SentGift> {
    const { limits } = this.#deps;
    const { params, headers, body } = input;
    const request: KeyedRequest = {
      ...{ userId: user.id, key: headers['idempotency-key'], operation: 'gift' },
      request: { sessionId: params.id, ...body },
    };
    // Read while the limit is counted, which comes first.
    const planned = this.#plan(user, input, request);
    planned.catch(() => undefined);
    await limits.gifts(user.id);
    const sent = await this.#write(request, planned);
    if (sent.message !== '') await this.#checkWords(user, sent);
    return sent;
  }

  /** What would be refused now may have been done before. */
  async #write(request: KeyedRequest, planned: Promise<NewGift>): Promise<SentGift> {
    const { gifts, newsLater, toldLater } = this.#deps;
    try {
      const gift = await planned;
      const { answer, isTold } = await gifts.send(gift);
      newsLater();
      if (isTold) toldLater();
      return answer === gift.answer ? gift.answer : sentGift.parse(answer);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const before = await gifts.stored(request);
      if (before === null) throw error;
      return sentGift.parse(before);
    }
  }

  /** A ban of this moment may have looked for words before these were written: whoever is banned now has none there. */
  async #checkWords(user: User, { sessionId, message }: SentGift): Promise<void> {
    try {
      await this.#deps.requireSayable(user, sessionId, message, true);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (error.code === 'chat_banned') await this.banned(sessionId, user.id);
    }
  }

  async #plan(user: User, input: GiftSendInput, request: KeyedRequest): Promise<NewGift> {
    const { params, body } = input;
    const { gifts, access } = this.#deps;
    const wish = { giftId: body.giftId, sessionId: params.id, recipientId: body.recipientId ?? null };
    const context = await gifts.context({ ...wish, senderId: user.id });
    if (context === null) throw new AppError('not_found');
    const { hostId, visibility, state } = context;
    await access.admit(user, { id: params.id, hostId, visibility }, () => context, 'watch');
    if (state !== 'live' && state !== 'interrupted') {
      throw new AppError('wrong_state', 'Gifts can be sent while the session is live.');
    }
    const recipientId = body.recipientId ?? hostId;
    if (recipientId === user.id) throw new AppError('conflict', 'You can not give to yourself.');
    const recipient = checked(context, recipientId);
    if (body.message !== '') await this.#deps.requireSayable(user, params.id, body.message);
    return this.#gift(
      user,
      { ...recipient, sessionId: params.id, quantity: body.quantity, message: body.message },
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
    const { commission } = splitCommission(BigInt(coins), this.#deps.prices.commissionPercent);
    const sender = { id: user.id, username: user.username, displayName: user.displayName };
    const answer: SentGift = {
      ...{ id: newId(), sessionId, sender, recipient, quantity, coins, message, returned: false },
      gift: { id: gift.id, ...shownOf(gift) },
      at: new Date().toISOString(),
    };
    return { request, answer, commission, cause: { id: newId(), ...giftCause(answer) } };
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

  /** One's own. */
  sent(user: User, input: PageInput): Promise<SentGiftPage> {
    return this.#page({ senderId: user.id }, input, null);
  }

  received(user: User, input: PageInput): Promise<SentGiftPage> {
    return this.#page({ recipientId: user.id }, input, null);
  }

  /** Somebody's, for admins. Throws `forbidden` and `not_found`. */
  async sentBy(admin: User, input: PageInput & { id: string }): Promise<SentGiftPage> {
    await this.#deps.owners.requireFor(admin, input.id);
    return this.#page({ senderId: input.id }, input, null);
  }

  /** As `sentBy`. */
  async receivedBy(admin: User, input: PageInput & { id: string }): Promise<SentGiftPage> {
    await this.#deps.owners.requireFor(admin, input.id);
    return this.#page({ recipientId: input.id }, input, null);
  }

  /** Somebody was banned from a session: what they wrote with gifts there is gone for all, as their messages. May be repeated. */
  async banned(sessionId: string, userId: string): Promise<void> {
    const { gifts, room } = this.#deps;
    if ((await gifts.deleteWords(sessionId, userId)) > 0)
      room.emit(sessionId, { type: 'senderDeleted', userId });
  }

  /** By an admin. Throws `forbidden`, `not_found` and `conflict` when it was given back before. */
  async giveBack(admin: User, id: string): Promise<SentGift> {
    requireRole(admin, 'admin');
    const { gifts, newsLater, logger } = this.#deps;
    const known = await gifts.find(id);
    if (known === null) throw new AppError('not_found');
    await gifts.openFor(known.senderId, known.recipientId);
    const row = await gifts.giveBack(id, actorOf(admin));
    if (row === null) throw new AppError('conflict', 'The gift was given back before.');
    logger.info({ giftId: id, adminId: admin.id }, 'a gift was given back');
    newsLater();
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
function checked(context: Context, recipientId: string) {
  const { id, nameEn, nameAr, iconUrl, animationKind, animationUrl, price, active } = context;
  if (id === null || nameEn === null || nameAr === null || iconUrl === null || price === null || !active)
    throw new AppError('not_found', 'There is no such gift.');
  const { hostId, username, displayName, blocked, isBanned, onStage } = context;
  if (username === null || displayName === null || blocked) throw new AppError('not_found');
  if (isBanned) throw new AppError('forbidden');
  if (recipientId !== hostId && !onStage) throw new AppError('conflict', 'This person is not on stage.');
  const gift = { id, nameEn, nameAr, iconUrl, animationKind, animationUrl, price };
  return { gift, recipient: { id: recipientId, username, displayName } };
}
