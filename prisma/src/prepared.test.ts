import { Prisma } from '../generated/client.ts';
import { prepared, statementName } from './prepared.ts';

describe('the name of a statement', () => {
  it('is the same for the same marked text, whatever the values, and none without the mark', () => {
    const of = (id: number) => statementName(Prisma.sql`${prepared} SELECT ${id}::int`);
    expect(of(1)).toMatch(/^[0-9a-f]{40}$/);
    expect(of(2)).toBe(of(1));
    expect(statementName(Prisma.sql`${prepared} SELECT ${1}::bigint`)).not.toBe(of(1));
    expect(statementName(Prisma.sql`SELECT ${1}::int`)).toBe('');
  });
});
