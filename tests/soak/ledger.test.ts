import { checkEconomy, createEconomy } from '../../api/src/testing/checkEconomy.ts';
import { Mortals } from '../../api/src/testing/Mortals.ts';
import { TestBackend } from '../../api/src/testing/TestBackend.ts';

const forMs = 600_000;
const leastRuns = 1_000;
const pauseMs = 500;

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
    const killing = mortals.killUntilOver(pauseMs);
    const done = await checkEconomy(base, { leastRuns, forMs }).finally(async () => {
      mortals.end();
      await killing;
    });
    console.log({ ...done, kills: mortals.kills });
    expect(mortals.kills).toBeGreaterThan(10);
  }, 2_400_000);
});
