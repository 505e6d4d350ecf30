import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManagedProcess } from '../process/ManagedProcess.ts';
import { isAlive } from '../process/processIdentity.ts';
import { waitUntil } from '../process/waitUntil.ts';
import { root } from '../setup/paths.ts';
import { DataFolder } from './dataFolder.ts';

let dir = '';
const started: ManagedProcess[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'maydan-start-'));
});
afterEach(async () => {
  for (const child of started.splice(0)) await child.stop();
  await rm(dir, { recursive: true, force: true });
});

/** What `npm start` and `npm run demo` run, on a data folder of its own. */
function run(program: string): { child: ManagedProcess; text: () => string } {
  const lines: string[] = [];
  const child = new ManagedProcess({
    name: program,
    command: process.execPath,
    args: [join(root, 'infra', program)],
    env: { ...process.env, MAYDAN_DATA_DIR: dir },
    stopTimeoutMs: 30_000,
    onLine: (line) => lines.push(line),
  });
  started.push(child);
  return { child, text: () => lines.join('\n') };
}

async function startAll() {
  const stack = run('start.mjs');
  const isUp = (): boolean => stack.text().includes('Ctrl-C stops everything') || stack.child.exit !== null;
  await waitUntil('npm start', isUp, 180_000);
  expect(stack.text()).toContain('Maydan runs.');
  const state = await new DataFolder(dir).readState();
  const addresses = state?.addresses;
  if (!addresses) throw new Error('the stack did not write where it is');
  return { ...stack, addresses, parts: Object.values(state.parts) };
}

describe('npm start', () => {
  it('serves the page, refuses to run twice, and ends in order', async () => {
    const { child, text, addresses, parts } = await startAll();
    expect(text()).toMatch(/Stream key +mk_\S+ +\(shown this time only\)/);
    expect(text()).toMatch(/broadcaster +\S+/);
    expect(parts).toHaveLength(7);
    const page = await fetch(addresses.api);
    expect(page.headers.get('content-type')).toMatch(/text\/html/);
    const second = run('start.mjs');
    expect((await second.child.exited).code).toBe(1);
    expect(second.text()).toContain('runs already on');
    child.kill('SIGTERM');
    expect((await child.exited).code).toBe(0);
    expect(parts.filter(isAlive)).toEqual([]);
  }, 300_000);

  it('ends everything when the program that started it is killed', async () => {
    const { child, parts } = await startAll();
    child.kill('SIGKILL');
    await waitUntil('the end of all parts', () => !parts.some(isAlive), 60_000);
  }, 300_000);
});

describe('npm run demo', () => {
  it('says what to do when nothing runs', async () => {
    const { child, text } = run('demo.mjs');
    expect((await child.exited).code).toBe(1);
    expect(text()).toContain('Run "npm start" first');
  }, 120_000);
});
