import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiClient, type ApiClient, type Session, type SessionState } from '@maydan/contracts';
import { startStack, type Credentials, type ServiceName, type Stack } from '@maydan/infra';
import { Publisher } from './publish/Publisher.ts';
import type { TestPattern } from './publish/testPattern.ts';
import { waitFor } from './waitFor.ts';

export interface TestStackOptions {
  /** Added to the environment of all services. */
  readonly env?: NodeJS.ProcessEnv;
  /** Which services to start; all when not given. */
  readonly services?: readonly ServiceName[];
}

const logLines = 30;

/** A whole Maydan of its own for one test file or benchmark: free ports, a temporary folder, real parts. */
export class TestStack {
  readonly stack: Stack;
  readonly credentials: Credentials;
  readonly #dir: string;
  #broadcaster: ApiClient | undefined;

  static async start(options: TestStackOptions = {}): Promise<TestStack> {
    const dir = await mkdtemp(join(tmpdir(), 'maydan-stack-'));
    try {
      const stack = await startStack({
        dataDir: dir,
        ports: 'free',
        env: { LOG_LEVEL: 'debug', TIDYING_PERIOD_MS: '5000', ...options.env },
        ...(options.services ? { services: options.services } : {}),
      });
      if (stack.credentials === null) throw new Error('the new database was not seeded');
      return new TestStack(stack, stack.credentials, dir);
    } catch (error) {
      await rm(dir, { recursive: true, force: true });
      throw error;
    }
  }

  constructor(stack: Stack, credentials: Credentials, dir: string) {
    this.stack = stack;
    this.credentials = credentials;
    this.#dir = dir;
  }

  /** Address of the api and the web page. */
  get web(): string {
    return this.stack.addresses.api;
  }

  get streamKey(): string {
    return this.credentials.streamKey;
  }

  /** Username of the seeded broadcaster, whose the stream key is. */
  get broadcasterName(): string {
    return this.user('broadcaster').username;
  }

  user(name: string): Credentials['users'][number] {
    const user = this.credentials.users.find(({ username }) => username === name);
    if (user === undefined) throw new Error(`no seeded user ${name}`);
    return user;
  }

  publishUrl(options: { key?: string; app?: string; tls?: boolean } = {}): string {
    const base = options.tls === true ? this.stack.addresses.rtmps : this.stack.addresses.rtmp;
    return `${base.replace(/\/live$/, `/${options.app ?? 'live'}`)}/${options.key ?? this.streamKey}`;
  }

  publish(pattern: TestPattern, options: { key?: string; app?: string; tls?: boolean } = {}): Publisher {
    return Publisher.start(this.publishUrl(options), pattern);
  }

  /** A client that isn't signed in. */
  get visitor(): ApiClient {
    return createApiClient({ baseUrl: this.web });
  }

  async signIn(name: string): Promise<ApiClient> {
    const { username, password } = this.user(name);
    const { accessToken } = await this.visitor.auth.login({ login: username, password });
    return createApiClient({ baseUrl: this.web, accessToken: () => accessToken });
  }

  async broadcaster(): Promise<ApiClient> {
    this.#broadcaster ??= await this.signIn('broadcaster');
    return this.#broadcaster;
  }

  /** The broadcaster's session, once it is live and its first part can be played. */
  async waitForLive(timeoutMs = 60_000): Promise<Session> {
    const ask = async (): Promise<Session | undefined> => {
      const { live } = await this.visitor.channels.get({ username: this.broadcasterName });
      return live?.state === 'live' && live.playback.playable ? live : undefined;
    };
    return this.explained(() => waitFor('a live session', ask, { timeoutMs }));
  }

  async waitForState(id: string, state: SessionState, timeoutMs = 60_000): Promise<Session> {
    let last: SessionState | undefined;
    const ask = async (): Promise<Session | undefined> => {
      const session = await this.visitor.sessions.get({ id });
      last = session.state;
      return session.state === state ? session : undefined;
    };
    return this.explained(() => waitFor(`state ${state} (it is ${String(last)})`, ask, { timeoutMs }));
  }

  pid(part: ServiceName | 'redis' | 's3' | 'postgres'): number {
    const pid = this.stack.pids[part];
    if (pid === null || pid === undefined) throw new Error(`${part} does not run`);
    return pid;
  }

  /** Kills a part with SIGKILL and waits until the supervisor has started another. */
  async killAndRestart(part: ServiceName | 'redis' | 's3' | 'postgres'): Promise<void> {
    const pid = this.pid(part);
    this.stack.kill(part, 'SIGKILL');
    await this.stack.whenRunning(part, pid);
  }

  log(part: string): Promise<string> {
    return readFile(this.stack.logFile(part), 'utf8');
  }

  /** What a metric of a service shows, summed over its labels; NaN when it isn't there. */
  async metric(service: ServiceName, name: string): Promise<number> {
    const text = await (await fetch(`${this.stack.addresses.ops[service]}/metrics`)).text();
    const lines = text
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    return lines.length === 0
      ? Number.NaN
      : lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  async close(): Promise<void> {
    await this.stack.close();
    await rm(this.#dir, { recursive: true, force: true });
  }

  /** A wait that fails tells the services' last lines, since nobody can look afterwards. */
  async explained<T>(wait: () => Promise<T>): Promise<T> {
    try {
      return await wait();
    } catch (error) {
      for (const part of ['api', 'sfu', 'ingest', 'workers']) {
        const text = await this.log(part).catch(() => '');
        const lines = text
          .split('\n')
          .filter((line) => !line.includes('request completed'))
          .slice(-logLines);
        console.error(`--- last lines of ${part}\n${lines.join('\n')}`);
      }
      throw error;
    }
  }
}
