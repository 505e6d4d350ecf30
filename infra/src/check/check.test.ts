import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { root } from '../setup/paths.ts';
import { reportLine } from './runTask.ts';
import { alone, checkTasks, costly, longTasks, workspaces } from './tasks.ts';

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

describe('longTasks', () => {
  const files = workspaces().flatMap((workspace) =>
    readdirSync(join(root, workspace), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.test.ts') && !file.includes('node_modules'))
      .map((file) => `/${workspace}/${file}`),
  );

  it('run each component test and each journey once', () => {
    const after = (args: readonly string[], name: string, otherwise: string): RegExp =>
      new RegExp(args.includes(name) ? (args[args.indexOf(name) + 1] ?? '') : otherwise);
    const kinds = { component: /\.component\.test\.ts$/, e2e: /^\/tests\/e2e\// };
    for (const [project, kind] of Object.entries(kinds)) {
      const tasks = longTasks().filter(({ args }) => args.includes(project));
      const ofKind = files.filter((file) => kind.test(file));
      expect(ofKind.length).toBeGreaterThan(5);
      const runs = (file: string): number =>
        tasks.filter(
          ({ args }) =>
            after(args, '--testPathPatterns', '').test(file) &&
            !after(args, '--testPathIgnorePatterns', '^$').test(file),
        ).length;
      expect(ofKind.filter((file) => runs(file) !== 1)).toEqual([]);
    }
  });

  it('know tests that are there', () => {
    for (const pattern of [...costly, ...alone]) {
      expect(files).toContainEqual(expect.stringMatching(`^/${pattern}`));
    }
    const long = readFileSync(join(root, 'infra/jest/longFiles.json'), 'utf8');
    const names = Object.keys(z.record(z.string(), z.number()).parse(JSON.parse(long)));
    expect(names.filter((name) => !files.includes(`/${name}`))).toEqual([]);
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
