import { z } from 'zod';
import { media } from '../media.ts';

/** What the owner of a file is told about it. */
export const mediaEvents = {
  'media:ready': z.object({ media }),
  /** `media.refusal` says why. */
  'media:refused': z.object({ media }),
} as const;
