import type { AnybodyProcedures, SignedInProcedures } from '../http/context.ts';
import type { CategoriesService } from './categories.service.ts';

export function categoriesRoutes(
  categories: CategoriesService,
  { categories: mine }: SignedInProcedures,
  { categories: everybodys }: AnybodyProcedures,
) {
  return {
    catalogue: everybodys.catalogue.handler(() => categories.list()),
    all: mine.all.handler(({ context }) => categories.all(context.user)),
    create: mine.create.handler(({ input, context }) => categories.create(context.user, input)),
    update: mine.update.handler(({ input, context }) => categories.update(context.user, input)),
  };
}
