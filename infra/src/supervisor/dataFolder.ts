import { createECDH, randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { waitUntil } from '../process/waitUntil.ts';
import { root } from '../setup/paths.ts';
import { SetupError } from '../setup/SetupError.ts';
import { identify, isAlive } from '../process/processIdentity.ts';
import type { ProcessIdentity } from '../process/processIdentity.ts';

const identitySchema = z.object({ pid: z.number(), startedAt: z.string() });

/** What the stack on a data folder is right now; for `npm run demo` and for the next start. */
export const stackStateSchema = z.object({
  supervisor: identitySchema,
  /** Null until all services run. */
  addresses: z
    .object({
      api: z.string(),
      watch: z.string(),
      rtmp: z.string(),
      rtmps: z.string(),
      origin: z.string(),
      relay: z.string(),
      sfu: z.string(),
      ops: z.object({ api: z.string(), sfu: z.string(), ingest: z.string(), workers: z.string() }),
    })
    .nullable(),
  parts: z.record(z.string(), identitySchema),
});
export type StackState = z.infer<typeof stackStateSchema>;
export type Addresses = NonNullable<StackState['addresses']>;

const secretsSchema = z.object({
  internalSecret: z.string(),
  accessTokenSecret: z.string(),
  s3AccessKeyId: z.string(),
  s3SecretAccessKey: z.string(),
  /** Our private key to push services, base64url; folders of older versions get one. */
  vapidPrivateKey: z.string().optional(),
  /** The seeded broadcaster's key, for `npm run demo`. */
  demoStreamKey: z.string().optional(),
});
export type Secrets = z.infer<typeof secretsSchema>;

/** A private key on the curve P-256: 32 bytes. */
function newVapidKey(): string {
  const ecdh = createECDH('prime256v1');
  ecdh.generateKeys();
  const key = ecdh.getPrivateKey();
  return Buffer.concat([Buffer.alloc(32 - key.length), key]).toString('base64url');
}

const SETTLE_MS = 50;
const LEAVING_DEADLINE_MS = 30_000;

/** The one folder with all data of a local stack; `MAYDAN_DATA_DIR` or `.data` in the checkout. */
export class DataFolder {
  readonly dir: string;

  constructor(dir: string = process.env['MAYDAN_DATA_DIR'] || join(root, '.data')) {
    this.dir = resolve(root, dir);
  }

  path(...names: string[]): string {
    return join(this.dir, ...names);
  }

  /**
   * Makes the folder and takes it for this process. Parts that a crashed supervisor left are waited for: their guard is
   * ending them.
   * @throws SetupError when another stack runs on it.
   */
  async take(): Promise<void> {
    await mkdir(this.path('logs'), { recursive: true });
    const supervisor = identify(process.pid);
    if (supervisor === null) throw new Error('This process cannot be found among the processes');
    const state = await this.readState();
    if (state) await this.#succeed(state);
    await this.writeState({ supervisor, addresses: null, parts: {} });
    // Of two that start in the same moment, the later writer has it.
    await delay(SETTLE_MS);
    const settled = await this.readState();
    if (settled?.supervisor.pid !== process.pid)
      throw new SetupError(`Maydan is being started on ${this.dir} already.`);
  }

  async #succeed(state: StackState): Promise<void> {
    if (isAlive(state.supervisor)) {
      throw new SetupError(
        `Maydan runs already on ${this.dir} (process ${state.supervisor.pid}): ${state.addresses?.watch ?? 'starting'}\n` +
          'Stop it with Ctrl-C there, or set MAYDAN_DATA_DIR to another folder for a second one.',
      );
    }
    for (const part of Object.values(state.parts)) await waitForEnd(part);
  }

  async readState(): Promise<StackState | null> {
    return parseFile(this.path('state.json'), stackStateSchema);
  }

  async writeState(state: StackState): Promise<void> {
    await writeWhole(this.path('state.json'), state);
  }

  async removeState(): Promise<void> {
    await rm(this.path('state.json'), { force: true });
  }

  /** The secrets of this stack; made once. */
  async secrets(): Promise<Secrets> {
    const kept = await parseFile(this.path('secrets.json'), secretsSchema);
    if (kept?.vapidPrivateKey !== undefined) return kept;
    if (kept !== null) {
      const grown = { ...kept, vapidPrivateKey: newVapidKey() };
      await this.writeSecrets(grown);
      return grown;
    }
    const secret = (): string => randomBytes(32).toString('hex');
    const secrets: Secrets = {
      internalSecret: secret(),
      accessTokenSecret: secret(),
      s3AccessKeyId: randomBytes(10).toString('hex'),
      s3SecretAccessKey: secret(),
      vapidPrivateKey: newVapidKey(),
    };
    await this.writeSecrets(secrets);
    return secrets;
  }

  async writeSecrets(secrets: Secrets): Promise<void> {
    await writeWhole(this.path('secrets.json'), secrets);
  }
}

/** Its guard ends it; one that hangs is ended by us. */
async function waitForEnd(part: ProcessIdentity): Promise<void> {
  try {
    await waitUntil(`the end of process ${part.pid}`, () => !isAlive(part), LEAVING_DEADLINE_MS, 100);
  } catch {
    process.kill(part.pid, 'SIGKILL');
  }
}

async function parseFile<T>(file: string, schema: z.ZodType<T>): Promise<T | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new SetupError(`${file} is damaged: repair or remove it.`, { cause });
  }
}

/** Written beside and moved into place, readable by this user alone. */
async function writeWhole(file: string, value: object): Promise<void> {
  const fresh = `${file}.${process.pid}.new`;
  await writeFile(fresh, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  await chmod(fresh, 0o600);
  await rename(fresh, file);
}
