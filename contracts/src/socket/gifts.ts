import { z } from 'zod';
import { giftSendInput, sentGift } from '../gifts.ts';
import { sessionId } from '../ids.ts';
import { idempotencyKey } from '../wallet.ts';
import { message } from './message.ts';

export const giftMessages = {
  /**
   * As over REST, with the key in the message: the same key again, over either, is answered as before; with another wish it is
   * refused with `idempotency_conflict`.
   */
  'gift:send': message({
    access: 'signedIn',
    input: giftSendInput.shape.body.extend({ sessionId, idempotencyKey }),
    output: z.object({ gift: sentGift }),
  }),
};
