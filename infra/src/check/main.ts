import { reportingFailures, setup } from '../setup/setup.ts';
import { reportLine, runTasks } from './runTask.ts';
import { checkTasks } from './tasks.ts';

/** `npm run check`: lint, types, boundaries, format and unit tests; before each commit. */
await reportingFailures(async () => {
  await setup({ purpose: 'check', quiet: true });
  const results = await runTasks(checkTasks({ fresh: process.argv.includes('--fresh') }), (result) => {
    console.log(reportLine(result));
  });
  const bad = results.filter((result) => !result.ok);
  if (bad.length === 0) return;
  console.error(`\nFailed: ${bad.map((result) => result.title).join(', ')}`);
  process.exit(1);
});
