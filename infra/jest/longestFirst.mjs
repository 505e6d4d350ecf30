import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Path from the root → seconds that the file takes, of the long ones. */
const known = JSON.parse(readFileSync(new URL('longFiles.json', import.meta.url), 'utf8'));

/**
 * Jest test sequencer for files that run side by side: those that take long come first, so that none of them is left alone
 * at the end. Jest itself would go by the size of files on a machine that has not run them before.
 */
export default class LongestFirst {
  sort(tests) {
    const seconds = ({ path }) => known[path.slice(root.length)] ?? 0;
    const size = ({ path, context }) => context.hasteFS.getSize(path) ?? 0;
    return tests.toSorted((one, other) => seconds(other) - seconds(one) || size(other) - size(one));
  }

  /** For `--onlyFailures`: what failed before is not kept. */
  allFailedTests(tests) {
    return tests;
  }

  cacheResults() {}
}
