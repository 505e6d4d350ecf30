import type { Role } from '../generated/client.ts';
import type { Database, DatabaseTransaction } from './createPrisma.ts';
import { namesOf } from './names.ts';
import { hashPassword } from './password.ts';
import { seedCategories } from './seedCategories.ts';
import { seedGifts } from './seedGifts.ts';
import { hashSecret, newSecret, newStreamKey, streamKeyHint } from './secrets.ts';

export type SeedResult =
  | { created: false }
  | { created: true; users: { username: string; password: string; role: Role }[]; streamKey: string };

const people: readonly { username: string; displayName: string; role: Role }[] = [
  { username: 'admin', displayName: 'Admin', role: 'admin' },
  { username: 'broadcaster', displayName: 'Broadcaster', role: 'user' },
  { username: 'viewer', displayName: 'Viewer', role: 'user' },
];

/**
 * Gives an empty installation an admin, a broadcaster with a stream key, a viewer, gifts and categories. Passwords and key are random
 * and only in the result; a database that has users is left alone. All or nothing, also with concurrent calls.
 */
export async function seed(database: Database): Promise<SeedResult> {
  return database.$transaction(
    async (transaction) => {
      await transaction.$executeRaw`SELECT pg_advisory_xact_lock(820118)`;
      if ((await transaction.user.count()) > 0) return { created: false };
      return create(transaction);
    },
    // Three slow hashes, and whoever else seeds at the same time, within one transaction.
    { timeout: 60_000, maxWait: 60_000 },
  );
}

async function create(transaction: DatabaseTransaction): Promise<SeedResult> {
  const users = await Promise.all(
    people.map(async (person) => {
      const password = newSecret(16);
      return { person, password, passwordHash: await hashPassword(password) };
    }),
  );
  await seedGifts(transaction);
  await seedCategories(transaction);
  const streamKey = newStreamKey();
  for (const { person, passwordHash } of users) {
    const email = `${person.username}@maydan.localhost`;
    const key = { label: 'default', hash: hashSecret(streamKey), hint: streamKeyHint(streamKey) };
    const streamKeys = person.username === 'broadcaster' ? { create: key } : {};
    const { username, displayName, role } = person;
    await transaction.user.create({
      data: { ...namesOf(username, displayName), role, email, passwordHash, streamKeys },
    });
  }
  return {
    created: true,
    users: users.map(({ person, password }) => ({
      username: person.username,
      password,
      role: person.role,
    })),
    streamKey,
  };
}
