import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../setup/paths.ts';
import { reportingFailures, setup } from '../setup/setup.ts';
import { reportLine, runTask, runTasks } from './runTask.ts';
import type { TaskResult } from './runTask.ts';
import { checkTasks, longTasks } from './tasks.ts';

/** The last line of `.ci/run`. */
const totalFile = join(root, 'node_modules', '.maydan', 'test-total.txt');

/** `npm test`: sets up, checks, then component tests and journeys; goes on after a failure and tells all at the end. */
await reportingFailures(async () => {
  rmSync(totalFile, { force: true });
  console.log('Maydan tests\n\nSetup');
  await setup({ purpose: 'test' });
  console.log('\nChecks and unit tests');
  const results = await runTasks(checkTasks({ fresh: true }), (result) => {
    console.log(reportLine(result));
  });
  for (const task of longTasks()) {
    console.log(`\n${task.title.replace(/^./, (letter) => letter.toUpperCase())}`);
    results.push(await runTask(task, (line) => console.log(line)));
  }
  const total = summarise(results);
  writeFileSync(totalFile, `${total}\n`);
  console.log(total);
  if (results.some((result) => !result.ok || result.failed > 0)) process.exit(1);
});

function summarise(results: readonly TaskResult[]): string {
  console.log('\nSummary');
  for (const result of results) console.log(reportLine({ ...result, output: '' }));
  const sum = (of: (result: TaskResult) => number): number =>
    results.reduce((all, result) => all + of(result), 0);
  return `${sum((result) => result.passed)} passed, ${sum((result) => result.failed)} failed`;
}
