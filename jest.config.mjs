/** One transform for all: Node's own type stripping, so that tests run the very code the services run. */
const shared = {
  transform: { '\\.ts$': '<rootDir>/infra/jest/stripTypes.mjs' },
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironment: 'node',
  modulePathIgnorePatterns: ['<rootDir>/.data', '<rootDir>/web/dist'],
};
const sources = '((api|common|contracts|infra|ingest|prisma|sfu|web|workers)/(src|scripts)|tests/support)';

export default {
  // Real parts on a busy machine: what hangs is found out by the deadlines of its waits. Jest reads this here alone.
  testTimeout: 120_000,
  // What a file has loaded stays in its process: with 3 GB of it one search for garbage takes 10 s, in which nothing else runs there.
  workerIdleMemoryLimit: '512MB',
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testRegex: [`${sources}/(?!.*\\.component\\.).*\\.test\\.ts$`],
    },
    {
      ...shared,
      displayName: 'component',
      testRegex: [`${sources}/.*\\.component\\.test\\.ts$`],
    },
    { ...shared, displayName: 'e2e', testRegex: ['tests/e2e/.*\\.test\\.ts$'] },
    // By hand: takes half an hour.
    { ...shared, displayName: 'soak', testRegex: ['tests/soak/.*\\.test\\.ts$'] },
  ],
};
