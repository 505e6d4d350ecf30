import { z } from 'zod';
import { isoDate } from './ids.ts';
import { shownLine } from './texts.ts';

/** What is shown of a stream key after its creation; the secret itself is only in `streamKeyCreated`. */
export const streamKey = z.object({
  id: z.uuid(),
  label: z.string(),
  /** First characters after the prefix, to recognise a key by. */
  hint: z.string(),
  createdAt: isoDate,
  lastUsedAt: isoDate.nullable(),
  revokedAt: isoDate.nullable(),
});
export type StreamKey = z.infer<typeof streamKey>;

export const streamKeyCreateInput = z.object({ label: shownLine(60).default('default') });

export const streamKeyCreated = streamKey.extend({
  /** The secret, shown this once; only its SHA-256 is stored. */
  key: z.string(),
  rtmpUrl: z.string(),
  rtmpsUrl: z.string().nullable(),
  /** Address for WHIP, with the key as bearer token. */
  whipUrl: z.string(),
});
