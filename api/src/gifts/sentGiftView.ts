import type { SentGift } from '@maydan/contracts';
import { shownOf } from './catalogue.repo.ts';
import type { FullGift } from './gifts.repo.ts';

export function sentGiftView({ gift, ...row }: FullGift): SentGift {
  const { id, sessionId, sender, recipient, quantity, message, at, returnedAt } = row;
  return {
    ...{ id, sessionId, sender, recipient, quantity, message },
    gift: { id: gift.id, ...shownOf(gift) },
    coins: Number(row.coins),
    at: at.toISOString(),
    returned: returnedAt !== null,
  };
}
