import { secret } from '@maydan/common';
import { z } from 'zod';

/** The id of the key that is made of ACCESS_TOKEN_SECRET. */
export const accessSecretId = 'access';

const named = z.object({
  id: z
    .string()
    .regex(/^[a-z0-9-]{1,20}$/, 'ids have up to 20 small letters, digits and dashes')
    .refine((id) => id !== accessSecretId, `the id ${accessSecretId} is taken`),
  secret,
});
export type NamedSecret = z.infer<typeof named>;

/** `id:secret,id:secret`: the first seals, the others can still open what they sealed. */
export const restreamSecrets = z
  .string()
  .transform((text) => text.split(',').map((entry) => entry.trim()))
  .transform((entries) => entries.filter((entry) => entry !== ''))
  .transform((entries) =>
    entries.map((entry) => {
      const colon = entry.indexOf(':');
      return { id: entry.slice(0, Math.max(colon, 0)), secret: entry.slice(colon + 1) };
    }),
  )
  .pipe(
    z
      .array(named)
      .refine((list) => new Set(list.map(({ id }) => id)).size === list.length, 'ids must be different'),
  );
