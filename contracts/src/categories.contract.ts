import { category, categoryInput, categoryList, categoryUpdateInput } from './categories.ts';
import { route } from './route.ts';

const tag = 'Categories';

export const categoriesContract = {
  catalogue: route('GET', '/categories', tag, 'What sessions can be about').output(categoryList),
  all: route('GET', '/admin/categories', tag, 'All categories, for admins').output(categoryList),
  create: route('POST', '/admin/categories', tag, 'Add a category', 201)
    .input(categoryInput)
    .output(category),
  update: route('PATCH', '/admin/categories/{id}', tag, 'Change a category, or take it out of use')
    .input(categoryUpdateInput)
    .output(category),
};
