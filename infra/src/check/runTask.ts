import { readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { ManagedProcess } from '../process/ManagedProcess.ts';
import { root } from '../setup/paths.ts';
import type { Task } from './tasks.ts';

export interface TaskResult {
  title: string;
  ok: boolean;
  passed: number;
  failed: number;
  durationMs: number;
  output: string;
}

const jestSchema = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  /** Files that could not even be loaded. */
  numRuntimeErrorTestSuites: z.number(),
});

/** Runs a task to its end; its output is collected, and shown as it comes where `show` is given. */
export async function runTask(task: Task, show?: (line: string) => void): Promise<TaskResult> {
  const startedAt = performance.now();
  const lines: string[] = [];
  if (task.jestResult !== undefined) rmSync(task.jestResult, { force: true });
  const child = new ManagedProcess({
    name: task.title,
    command: process.execPath,
    args: task.args,
    cwd: root,
    env: { ...process.env, FORCE_COLOR: '0' },
    onLine: (line) => {
      if (isResultJson(line)) return;
      lines.push(line);
      show?.(line);
    },
  });
  const { code } = await child.exited;
  const ok = code === 0;
  const durationMs = performance.now() - startedAt;
  return { title: task.title, ok, durationMs, output: lines.join('\n'), ...counts(task, ok) };
}

/** A task that is not jest counts as one test. */
function counts(task: Task, ok: boolean): { passed: number; failed: number } {
  if (task.jestResult === undefined) return { passed: ok ? 1 : 0, failed: ok ? 0 : 1 };
  try {
    const result = jestSchema.parse(JSON.parse(readFileSync(task.jestResult, 'utf8')));
    const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
    return { passed: result.numPassedTests, failed: ok ? failed : Math.max(failed, 1) };
  } catch {
    return { passed: 0, failed: 1 };
  }
}

/** jest prints where it wrote its result. */
function isResultJson(line: string): boolean {
  return line.startsWith('Test results written to:');
}

/** Runs tasks side by side, as many as the machine has cores; each is reported as it ends. */
export async function runTasks(
  tasks: readonly Task[],
  report: (result: TaskResult) => void,
): Promise<TaskResult[]> {
  const waiting = [...tasks];
  const results: TaskResult[] = [];
  const work = async (): Promise<void> => {
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
      const result = await runTask(task);
      results.push(result);
      report(result);
    }
  };
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, work));
  return results;
}

/** A line per task; the output of one that failed follows. */
export function reportLine({ title, ok, durationMs, passed, failed, output }: TaskResult): string {
  const seconds = (durationMs / 1_000).toFixed(1);
  const tests = passed + failed > 1 ? `, ${passed} passed, ${failed} failed` : '';
  const line = `  ${ok ? '✓' : '✗'} ${title.padEnd(20)} ${seconds} s${tests}`;
  return ok || output === '' ? line : `${line}\n${output.replace(/^/gm, '      ')}`;
}
