import { reportLine } from './runTask.ts';
import { checkTasks, workspaces } from './tasks.ts';

describe('checkTasks', () => {
  it('checks the types of every workspace', () => {
    const titles = checkTasks({ fresh: true }).map(({ title }) => title);
    for (const workspace of workspaces()) expect(titles).toContain(`types of ${workspace}`);
    expect(titles).toEqual(expect.arrayContaining(['boundaries', 'format', 'unit tests']));
  });

  it('lints every workspace once', () => {
    const [first = [], rest = []] = checkTasks({ fresh: true })
      .filter(({ title }) => title.startsWith('lint of '))
      .map(({ args }) => args);
    const byName = workspaces().filter((workspace) => first.includes(workspace));
    expect(byName.length).toBeGreaterThan(0);
    expect(rest).toContain('.');
    expect(rest.filter((_, at) => rest[at - 1] === '--ignore-pattern').sort()).toEqual(
      byName.map((workspace) => `${workspace}/**`).sort(),
    );
  });

  it('trusts the cache of the linter only when asked to', () => {
    const lints = (fresh: boolean): string[] =>
      checkTasks({ fresh })
        .filter(({ title }) => title.startsWith('lint of '))
        .map(({ args }) => args.join(' '));
    expect(lints(false)).toHaveLength(2);
    for (const command of lints(false)) expect(command).toContain('--cache');
    for (const command of lints(true)) expect(command).not.toContain('--cache');
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
