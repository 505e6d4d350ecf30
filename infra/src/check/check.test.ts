import { reportLine } from './runTask.ts';
import { checkTasks, workspaces } from './tasks.ts';

describe('checkTasks', () => {
  it('checks the types of every workspace', () => {
    const titles = checkTasks({ fresh: true }).map(({ title }) => title);
    for (const workspace of workspaces()) expect(titles).toContain(`types of ${workspace}`);
    expect(titles).toEqual(expect.arrayContaining(['lint', 'boundaries', 'format', 'unit tests']));
  });

  it('trusts the cache of the linter only when asked to', () => {
    const lint = (fresh: boolean): string =>
      checkTasks({ fresh })
        .find(({ title }) => title === 'lint')
        ?.args.join(' ') ?? '';
    expect(lint(false)).toContain('--cache');
    expect(lint(true)).not.toContain('--cache');
  });
});

describe('reportLine', () => {
  const result = { title: 'lint', ok: true, passed: 1, failed: 0, durationMs: 1_234, output: 'noise' };

  it('shows the output of what failed, and only that', () => {
    expect(reportLine(result)).toBe('  ✓ lint                 1.2 s');
    expect(reportLine({ ...result, ok: false, passed: 0, failed: 1, output: 'line one' })).toBe(
      '  ✗ lint                 1.2 s\n      line one',
    );
    expect(reportLine({ ...result, passed: 12, failed: 0 })).toContain('12 passed, 0 failed');
  });
});
