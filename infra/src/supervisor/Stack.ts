import { EventEmitter } from 'node:events';
import { knownMediasoupWorker } from '../setup/mediasoupWorker.ts';
import { SetupError } from '../setup/SetupError.ts';
import { killGroup } from '../process/ManagedProcess.ts';
import { localCertificate } from './certificate.ts';
import { DataFolder } from './dataFolder.ts';
import type { Addresses, Secrets, StackState } from './dataFolder.ts';
import { prepareDatabase } from './database.ts';
import type { Credentials } from './database.ts';
import { postgresBacking, redisBacking, s3Backing } from './embeddedParts.ts';
import type { Backing } from './embeddedParts.ts';
import { opsPort, serviceEnvironment, serviceNames } from './environments.ts';
import type { S3Access, ServiceName, StackParts } from './environments.ts';
import { Part } from './Part.ts';
import type { PartState } from './Part.ts';
import { choosePorts } from './ports.ts';
import type { Ports } from './ports.ts';
import { identify } from '../process/processIdentity.ts';
import { ServiceLog } from './ServiceLog.ts';
import { startService } from './startService.ts';

export interface StackOptions {
  /** The folder of all data; `MAYDAN_DATA_DIR` or `.data` in the checkout when not given. */
  dataDir?: string;
  /** Added to this process's environment, for all services. */
  env?: NodeJS.ProcessEnv;
  /** `free` takes any free ports, so that stacks can run side by side (tests). Default `standard`. */
  ports?: 'standard' | 'free';
  /** Which services to start; all when not given. */
  services?: readonly ServiceName[];
}

interface StackEvents {
  line: [part: string, line: string];
  state: [part: string, state: PartState, detail: string];
}

/** The seeded broadcaster's channel, whose key the demo publishes with. */
const broadcasterPath = '/@broadcaster';

/** Services end before what they need: first the way in, the api last as it stores what the others report. */
const stopOrder: readonly string[] = ['ingest', 'workers', 'sfu', 'api', 's3', 'redis', 'postgres'];

/** A whole Maydan on this machine: servers, database, services; each restarted when it crashes. */
export class Stack extends EventEmitter<StackEvents> {
  readonly data: DataFolder;
  readonly #options: StackOptions;
  readonly #env: NodeJS.ProcessEnv;
  readonly #parts = new Map<string, Part>();
  readonly #logs = new Map<string, ServiceLog>();
  #stackParts: StackParts | null = null;
  #credentials: Credentials | null = null;
  #notes: string[] = [];
  #closing: Promise<void> | null = null;
  #stateWritten: Promise<void> = Promise.resolve();

  constructor(options: StackOptions = {}) {
    super();
    this.#options = options;
    this.#env = { ...process.env, ...options.env };
    this.data = new DataFolder(options.dataDir ?? this.#env['MAYDAN_DATA_DIR']);
  }

  get addresses(): Addresses {
    const { ports, secrets } = this.#required();
    return addressesOf(ports, secrets.demoStreamKey === undefined ? '/' : broadcasterPath);
  }

  /** Sentences about ports that are not the usual ones. */
  get notes(): readonly string[] {
    return this.#notes;
  }

  get secrets(): Secrets {
    return this.#required().secrets;
  }

  get databaseUrl(): string {
    return this.#required().databaseUrl;
  }

  get redisUrl(): string {
    return this.#required().redisUrl;
  }

  get s3(): S3Access {
    return this.#required().s3;
  }

  /** Passwords and stream key, if this start seeded the database; they are nowhere else (but for the demo's key). */
  get credentials(): Credentials | null {
    return this.#credentials;
  }

  /** Process ids by part: `postgres`, `redis`, `s3`, `api`, `sfu`, `ingest`, `workers`; null while one does not run. */
  get pids(): Record<string, number | null> {
    return Object.fromEntries([...this.#parts].map(([name, part]) => [name, part.pid]));
  }

  get states(): Record<string, PartState> {
    return Object.fromEntries([...this.#parts].map(([name, part]) => [name, part.state]));
  }

  /** Sends a signal to a part's process; false while it does not run. */
  kill(part: string, signal: NodeJS.Signals): boolean {
    return this.#parts.get(part)?.kill(signal) ?? false;
  }

  /** Resolves when the part runs with another process than `notPid`. */
  async whenRunning(part: string, notPid: number | null = null): Promise<number> {
    const isThere = (): number | null => {
      const { state = 'stopped', pid = null } = this.#parts.get(part) ?? {};
      return state === 'running' && pid !== notPid ? pid : null;
    };
    for (let pid = isThere(); ; pid = isThere()) {
      if (pid !== null) return pid;
      await new Promise<void>((resolve) => this.once('state', () => resolve()));
    }
  }

  /** The environment a service runs with, to run another one of it beside. */
  environmentOf(service: ServiceName): NodeJS.ProcessEnv {
    return serviceEnvironment(service, this.#required());
  }

  logFile(part: string): string {
    return this.data.path('logs', `${part}.log`);
  }

  /**
   * Starts everything; resolves once all services are ready.
   * @throws SetupError or Error; what was started is ended again.
   */
  async start(): Promise<void> {
    await this.data.take();
    try {
      await this.#startAll();
      await this.#stateWritten;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Ends everything in order, and leaves no process. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Ends everything this instant; for the second Ctrl-C. */
  killNow(): void {
    for (const pid of Object.values(this.pids)) if (pid !== null) killGroup(pid);
  }

  async #startAll(): Promise<void> {
    const mediasoupWorkerBin = knownMediasoupWorker();
    if (mediasoupWorkerBin === null)
      throw new SetupError('There is no mediasoup worker yet: run "npm run setup".');
    const { ports, notes } = await choosePorts(this.#options.ports ?? 'standard', this.#env);
    this.#notes = notes;
    const secrets = await this.data.secrets();
    const database = postgresBacking(this.#env, this.data, this.#logOf('postgres'));
    const redis = redisBacking(this.#env, this.data, this.#logOf('redis'));
    const s3 = s3Backing(this.#env, this.data, secrets, this.#logOf('s3'));
    await allDone([
      this.#startBacking(database).then(() => this.#prepareDatabase(database.access(), secrets)),
      this.#startBacking(redis),
      this.#startBacking(s3),
    ]);
    this.#stackParts = {
      env: this.#env,
      ports,
      secrets: this.#ownSecretsFirst(secrets),
      databaseUrl: database.access(),
      redisUrl: redis.access(),
      s3: s3.access(),
      certificate: await localCertificate(this.data.path('tls')),
      mediasoupWorkerBin,
      spoolDir: this.data.path('spool'),
    };
    await allDone((this.#options.services ?? serviceNames).map((name) => this.#startService(name)));
  }

  async #startBacking<T>({ part }: Backing<T>): Promise<void> {
    if (part) await this.#startPart(part);
  }

  async #startService(name: ServiceName): Promise<void> {
    const log = this.#logOf(name);
    await this.#startPart(
      new Part({ name, start: (signal) => startService(name, this.environmentOf(name), log, signal) }),
    );
  }

  async #startPart(part: Part): Promise<void> {
    this.#parts.set(part.name, part);
    part.on('state', (state, detail) => {
      this.#recordState();
      this.emit('state', part.name, state, detail);
    });
    await part.start();
  }

  async #prepareDatabase(databaseUrl: string, secrets: Secrets): Promise<void> {
    const seeded = await prepareDatabase(databaseUrl, this.#logOf('migrate'));
    if (!seeded.created) return;
    this.#credentials = seeded;
    secrets.demoStreamKey = seeded.streamKey;
    await this.data.writeSecrets(secrets);
  }

  #ownSecretsFirst(secrets: Secrets): Secrets {
    return {
      ...secrets,
      internalSecret: this.#env['INTERNAL_SECRET'] || secrets.internalSecret,
      accessTokenSecret: this.#env['ACCESS_TOKEN_SECRET'] || secrets.accessTokenSecret,
    };
  }

  #logOf(name: string): (line: string) => void {
    const log = new ServiceLog(this.logFile(name));
    this.#logs.set(name, log);
    return (line) => {
      log.write(line);
      this.emit('line', name, line);
    };
  }

  /** For the next start, should this process crash, and for the demo. */
  #recordState(): void {
    this.#stateWritten = this.#stateWritten
      .then(() => this.#writeState())
      // A full disk must not end the stack.
      .catch((error: unknown) => this.emit('line', 'supervisor', String(error)))
      .then(() => {});
  }

  async #writeState(): Promise<void> {
    const supervisor = identify(process.pid);
    if (supervisor === null || this.#closing) return;
    const parts: StackState['parts'] = {};
    for (const { name, pid } of this.#parts.values()) {
      const identity = pid === null ? null : identify(pid);
      if (identity) parts[name] = identity;
    }
    await this.data.writeState({ supervisor, parts, addresses: this.#stackParts ? this.addresses : null });
  }

  async #close(): Promise<void> {
    const running = [...this.#parts.values()].sort(
      (a, b) => stopOrder.indexOf(a.name) - stopOrder.indexOf(b.name),
    );
    for (const part of running) await part.stop();
    await this.#stateWritten;
    await this.data.removeState();
    await Promise.all([...this.#logs.values()].map((log) => log.close()));
  }

  #required(): StackParts {
    if (this.#stackParts === null) throw new Error('The stack has not been started');
    return this.#stackParts;
  }
}

/** Starts a stack; see `StackOptions`. Close it also when a test fails. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const stack = new Stack(options);
  await stack.start();
  return stack;
}

function addressesOf(ports: Ports, watchPath: string): Addresses {
  const web = `http://localhost:${ports.api}`;
  const ops = (service: ServiceName): string => `http://127.0.0.1:${opsPort(service, ports)}`;
  return {
    api: `http://127.0.0.1:${ports.api}`,
    watch: `${web}${watchPath}`,
    rtmp: `rtmp://127.0.0.1:${ports.rtmp}/live`,
    rtmps: `rtmps://127.0.0.1:${ports.rtmps}/live`,
    origin: `http://127.0.0.1:${ports.origin}`,
    relay: `http://127.0.0.1:${ports.relay}`,
    sfu: `http://127.0.0.1:${ports.sfu}`,
    ops: { api: ops('api'), sfu: ops('sfu'), ingest: ops('ingest'), workers: ops('workers') },
  };
}

/** Like Promise.all, but a failure is told only once nothing is under way any more. */
async function allDone(work: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(work);
  await Promise.all(work);
}
