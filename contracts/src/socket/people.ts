import { z } from 'zod';
import { relation, userById } from '../people.ts';
import { message } from './message.ts';

const related = message({
  access: 'signedIn',
  input: userById,
  output: z.object({ relation }),
});
const done = message({ access: 'signedIn', input: userById, output: z.object({}) });

/** Following, contacts and blocks, as over REST: each may be repeated. */
export const peopleMessages = {
  'user:follow': related,
  'user:unfollow': related,
  'contact:add': related,
  'contact:remove': related,
  'user:block': done,
  'user:unblock': done,
};
