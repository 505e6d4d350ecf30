import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errorBody } from '@maydan/contracts';
import type { Socket } from 'socket.io-client';
import { Life } from '../../../api/src/testing/Life.ts';
import { TestBackend } from '../../../api/src/testing/TestBackend.ts';
import { connect } from '../chat/connect.ts';
import { signedIn } from '../chat/ourSide.ts';

const run = promisify(execFile);
const plenty = '10000000';
/** All comes from one address, and viewers are shown every message. */
const environment = {
  LOG_LEVEL: 'info',
  GUEST_SOCKETS_PER_ADDRESS: plenty,
  CHAT_RATE_PER_ADDRESS: plenty,
  CHAT_VIEWER_RATE: '100000',
};

/** The api as a process of its own on one core, with a session that is live and people who write in its chat. */
export class OurRoom {
  readonly sessionId: string;
  readonly port: number;
  readonly pid: number;
  readonly #backend: TestBackend;
  readonly #writers: readonly Socket[];
  /** What was refused, by reason. */
  readonly refusals: string[] = [];
  #sent = 0;

  private constructor(
    backend: TestBackend,
    api: { port: number; pid: number },
    sessionId: string,
    writers: readonly Socket[],
  ) {
    this.#backend = backend;
    this.port = api.port;
    this.pid = api.pid;
    this.sessionId = sessionId;
    this.#writers = writers;
  }

  static async start(core: number, writerCount: number): Promise<OurRoom> {
    const backend = await TestBackend.start();
    const writers: Socket[] = [];
    try {
      const api = await backend.startProcess(0, environment);
      await run('taskset', ['--all-tasks', '--cpu-list', '--pid', `${core}`, `${api.pid}`]);
      const maker = await backend.startApi({ LOG_LEVEL: 'error' });
      const { sessionId } = await (await Life.create(backend, () => maker)).goLive();
      await maker.close();
      for (const { token } of await signedIn(backend, writerCount)) {
        writers.push(await connect(api.url, { token }));
      }
      return new OurRoom(backend, api, sessionId, writers);
    } catch (error) {
      for (const writer of writers) writer.disconnect();
      await backend.close();
      throw error;
    }
  }

  /** Messages that were stored and answered. */
  get sent(): number {
    return this.#sent;
  }

  /** So many messages a second, each at its time, from all in turn. Resolves when all are answered. */
  async write(rate: number, seconds: number): Promise<void> {
    const startedAt = performance.now();
    const all = Array.from({ length: rate * seconds }, async (_, index) => {
      const dueAt = startedAt + (index * 1_000) / rate;
      await delay(Math.max(0, dueAt - performance.now()));
      await this.#writeOne(index, performance.timeOrigin + dueAt);
    });
    await Promise.all(all);
  }

  async close(): Promise<void> {
    for (const writer of this.#writers) writer.disconnect();
    await this.#backend.close();
  }

  async #writeOne(index: number, dueMs: number): Promise<void> {
    const wish = { id: this.sessionId, tempId: randomUUID(), text: `message ${this.#sent++} ${dueMs}` };
    const writer = this.#writers[index % this.#writers.length];
    if (writer === undefined) throw new Error('nobody writes');
    const answer: unknown = await writer.timeout(30_000).emitWithAck('chat:send', wish);
    const refused = errorBody.safeParse(answer);
    if (refused.success) this.refusals.push(refused.data.error.message);
  }
}
