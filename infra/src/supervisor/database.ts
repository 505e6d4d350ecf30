import { join } from 'node:path';
import { z } from 'zod';
import { ManagedProcess, describeExit } from '../process/ManagedProcess.ts';
import { ProcessFailure } from '../process/ProcessFailure.ts';
import { root } from '../setup/paths.ts';

/** What `prisma/scripts/seed.ts` prints. */
const seedSchema = z.discriminatedUnion('created', [
  z.object({ created: z.literal(false) }),
  z.object({
    created: z.literal(true),
    users: z.array(z.object({ username: z.string(), password: z.string(), role: z.string() })),
    streamKey: z.string(),
  }),
]);
export type SeedResult = z.infer<typeof seedSchema>;
export type Credentials = Extract<SeedResult, { created: true }>;

/**
 * Brings the database up to date and seeds an empty one.
 * @throws ProcessFailure with what the script printed.
 */
export async function prepareDatabase(databaseUrl: string, log: (line: string) => void): Promise<SeedResult> {
  await runScript('migrate', databaseUrl, log);
  // The line with the passwords goes to nobody's log.
  const lines = await runScript('seed', databaseUrl, () => {});
  return seedSchema.parse(JSON.parse(lines.at(-1) ?? ''));
}

async function runScript(
  name: 'migrate' | 'seed',
  databaseUrl: string,
  log: (line: string) => void,
): Promise<string[]> {
  const lines: string[] = [];
  const child = new ManagedProcess({
    name,
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', join(root, 'prisma', 'scripts', `${name}.ts`)],
    env: { ...process.env, DATABASE_URL: databaseUrl },
    onLine: (line) => {
      lines.push(line);
      log(line);
    },
  });
  const exit = await child.exited;
  if (exit.code !== 0)
    throw new ProcessFailure([`The database: ${name} ${describeExit(exit)}`, ...lines].join('\n  '));
  return lines;
}
