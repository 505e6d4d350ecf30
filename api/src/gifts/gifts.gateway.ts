import type { CurrentUser, Handlers } from '../realtime/gateway.ts';
import type { GiftsService } from './gifts.service.ts';

/** Gifts over sockets: one request with those over REST, by its key. */
export function giftsHandlers(
  { gifts }: { readonly gifts: GiftsService },
  current: CurrentUser,
): Pick<Handlers, 'gift:send'> {
  return {
    'gift:send': async ({ sessionId, idempotencyKey, ...body }, client) => {
      const request = { params: { id: sessionId }, headers: { 'idempotency-key': idempotencyKey }, body };
      return { gift: await gifts.send(await current(client), request) };
    },
  };
}
