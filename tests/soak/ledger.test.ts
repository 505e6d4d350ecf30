import { setTimeout as delay } from 'node:timers/promises';
import type { ApiProcess } from '../../api/src/testing/ApiProcess.ts';
import { checkEconomy, createEconomy, economyRates } from '../../api/src/testing/checkEconomy.ts';
import { TestApi } from '../../api/src/testing/TestApi.ts';
import { TestBackend } from '../../api/src/testing/TestBackend.ts';

const forMs = 600_000;
const runs = 1_000_000;

/** Two api processes, of which one is killed all the time (kill -9) and begun again at its port. */
class Mortals {
  kills = 0;
  readonly #backend: TestBackend;
  readonly #processes: [ApiProcess, ApiProcess];
  #isOver = false;

  static async start(backend: TestBackend): Promise<Mortals> {
    const start = () => backend.startProcess(0, economyRates);
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

  async killUntilOver(): Promise<void> {
    for (let at: 0 | 1 = 0; !this.#isOver; at = at === 0 ? 1 : 0) {
      await delay(500 + Math.random() * 1_500);
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

/** `npm run test:soak -- ledger` */
describe('the ledger', () => {
  let backend: TestBackend;
  beforeAll(async () => {
    backend = await TestBackend.start({ logs: false });
  }, 60_000);
  afterAll(() => backend?.close(), 60_000);

  it('balances for minutes, while processes are killed and connections broken between any two steps', async () => {
    const mortals = await Mortals.start(backend);
    const base = await createEconomy(backend, await backend.startApi(), mortals.apis);
    const killing = mortals.killUntilOver();
    const done = await checkEconomy(base, { runs, forMs }).finally(async () => {
      mortals.end();
      await killing;
    });
    console.log({ ...done, kills: mortals.kills });
    expect(mortals.kills).toBeGreaterThan(10);
  }, 1_200_000);
});
