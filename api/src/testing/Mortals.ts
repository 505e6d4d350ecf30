import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '@maydan/infra';
import type { ApiProcess } from './ApiProcess.ts';
import { economyRates } from './checkEconomy.ts';
import { TestApi } from './TestApi.ts';
import { TestBackend } from './TestBackend.ts';

/** Two api processes of an economy, of which one after the other is killed (kill -9) and begun again at its port. Who starts them ends them. */
export class Mortals {
  kills = 0;
  readonly #backend: TestBackend;
  readonly #processes: [ApiProcess, ApiProcess];
  #isOver = false;

  static async start(backend: TestBackend): Promise<Mortals> {
    // None that an outgoing connection could take while nobody listens there.
    const start = async () => backend.startProcess(await freePort(), economyRates);
    return new Mortals(backend, [await start(), await start()]);
  }

  private constructor(backend: TestBackend, processes: [ApiProcess, ApiProcess]) {
    this.#backend = backend;
    this.#processes = processes;
  }

  get apis(): readonly [TestApi, TestApi] {
    const [one, other] = this.#processes;
    return [this.#door(one), this.#door(other)];
  }

  /** Waits for one to four times `pauseMs` between two of them. */
  async killUntilOver(pauseMs: number): Promise<void> {
    for (let at: 0 | 1 = 0; !this.#isOver; at = at === 0 ? 1 : 0) {
      await delay(pauseMs * (1 + 3 * Math.random()));
      const { port } = this.#processes[at];
      await this.#processes[at].end('SIGKILL');
      this.kills += 1;
      this.#processes[at] = await this.#backend.startProcess(port, economyRates);
    }
  }

  end(): void {
    this.#isOver = true;
  }

  #door({ port }: ApiProcess): TestApi {
    return new TestApi({ port, opsPort: 0, close: () => Promise.resolve() }, TestBackend.internalSecret);
  }
}
