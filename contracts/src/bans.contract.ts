import { z } from 'zod';
import { byId, nothing, route } from './route.ts';
import { seatOfInput, sessionBan, sessionBanInput } from './stage/seats.ts';

const tag = 'Bans';

/** Routes of bans from a session. */
export const bansContract = {
  create: route(
    'POST',
    '/sessions/{id}/bans',
    tag,
    'Ban somebody from the session; takes effect at once',
    201,
  )
    .input(sessionBanInput)
    .output(sessionBan),
  list: route('GET', '/sessions/{id}/bans', tag, 'Who is banned from the session')
    .input(byId)
    .output(z.object({ items: z.array(sessionBan) })),
  remove: route('DELETE', '/sessions/{id}/bans/{userId}', tag, 'Lift a ban')
    .input(seatOfInput)
    .output(nothing),
  clearTraces: route(
    'DELETE',
    '/sessions/{id}/bans/{userId}/traces',
    tag,
    'Let guests in again from the devices and addresses of a ban; the person stays banned',
  )
    .input(seatOfInput)
    .output(nothing),
};
