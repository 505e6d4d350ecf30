import { createHash } from 'node:crypto';
import { Prisma } from '../generated/client.ts';

const mark = '/* prepared */';

/**
 * At the beginning of a raw statement: each connection parses and plans it once, and goes on with that plan. For the few
 * that come very often and cost more to plan than to run. Their text may not vary, and their plan may not depend on values.
 */
export const prepared = Prisma.raw(mark);

const names = new Map<string, string>();

/** The name by which a connection knows a statement; empty for one that is planned each time. */
export function statementName({ sql }: { readonly sql: string }): string {
  if (!sql.startsWith(mark)) return '';
  const name = names.get(sql) ?? createHash('sha1').update(sql).digest('hex');
  names.set(sql, name);
  return name;
}
