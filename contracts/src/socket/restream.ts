import { z } from 'zod';
import { restreamTarget, restreamTargetList } from '../restream.ts';
import { message } from './message.ts';

export const restreamMessages = {
  /** As over REST. */
  'restream:list': message({ access: 'signedIn', input: z.object({}), output: restreamTargetList }),
  /** Switches a target on or off, also while live. */
  'restream:switch': message({
    access: 'signedIn',
    input: z.object({ id: z.uuid(), enabled: z.boolean() }),
    output: restreamTarget,
  }),
};

/** To all connections of the one whose target it is. */
export const restreamEvents = {
  /** Another state, or changed by its owner. */
  'restream:changed': restreamTarget,
  'restream:removed': z.object({ id: z.uuid() }),
};
