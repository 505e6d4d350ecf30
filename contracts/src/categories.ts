import { z } from 'zod';
import { cleanLine, showsSomething } from './cleanText.ts';

const name = z.string().max(40).overwrite(cleanLine).refine(showsSomething, 'must not be empty');
/** What sessions refer to it by; it stays. */
const slug = z.string().trim().toLowerCase().min(1).max(40);

/** What sessions can be about. */
export const category = z.object({
  id: z.uuid(),
  slug,
  name: z.object({ en: name, ar: name }),
  /** Only active ones can be given to sessions; those that have it keep it. */
  active: z.boolean(),
  /** The catalogue goes by it. */
  position: z.int().min(0).max(10_000),
});
export type Category = z.infer<typeof category>;
export const categoryList = z.object({ items: z.array(category) });
export const categoryInput = z.object({
  slug: slug.regex(
    /^[\p{Ll}\p{Lo}\p{M}\p{N}]+(-[\p{Ll}\p{Lo}\p{M}\p{N}]+)*$/u,
    'must be words like board-games',
  ),
  name: category.shape.name,
  active: z.boolean().default(true),
  position: category.shape.position.default(0),
});
export type CategoryInput = z.infer<typeof categoryInput>;
/** What is absent stays as it is. */
export const categoryUpdateInput = category.omit({ slug: true }).partial().extend({ id: z.uuid() });
export type CategoryUpdateInput = z.infer<typeof categoryUpdateInput>;
