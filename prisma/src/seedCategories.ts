import type { DatabaseTransaction } from './createPrisma.ts';
import { newId } from './newId.ts';

/** What sessions of a new installation can be about, in the order of the catalogue. */
const seededCategories: readonly { readonly slug: string; readonly en: string; readonly ar: string }[] = [
  { slug: 'talk', en: 'Talk', ar: 'أحاديث' },
  { slug: 'music', en: 'Music', ar: 'موسيقى' },
  { slug: 'games', en: 'Games', ar: 'ألعاب' },
  { slug: 'sports', en: 'Sports', ar: 'رياضة' },
  { slug: 'news', en: 'News', ar: 'أخبار' },
  { slug: 'education', en: 'Education', ar: 'تعليم' },
  { slug: 'technology', en: 'Technology', ar: 'تقنية' },
  { slug: 'cooking', en: 'Cooking', ar: 'طبخ' },
  { slug: 'travel', en: 'Travel', ar: 'سفر' },
  { slug: 'religion', en: 'Religion', ar: 'دين' },
];

/** Those that are there already stay as they are. */
export async function seedCategories(transaction: DatabaseTransaction): Promise<void> {
  await transaction.category.createMany({
    data: seededCategories.map(({ slug, en, ar }, index) => ({
      ...{ id: newId(), slug, nameEn: en, nameAr: ar, position: index },
    })),
    skipDuplicates: true,
  });
}
