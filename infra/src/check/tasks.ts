import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { root } from '../setup/paths.ts';

/** One thing that is checked, as a program of Node's. */
export interface Task {
  title: string;
  args: readonly string[];
  /** Where jest writes its result, if it is jest. */
  jestResult?: string;
}

type JestProject = 'unit' | 'component' | 'e2e';

const bin = (...path: string[]): string => join(root, 'node_modules', ...path);
const stateDir = bin('.maydan');
const manifestSchema = z.object({ workspaces: z.array(z.string()) });

/** Folders of the npm workspaces. */
export function workspaces(): string[] {
  return manifestSchema.parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))).workspaces;
}

/**
 * What must hold before each commit. What takes longest comes first.
 * @param fresh Without what an earlier run left: the linter's cache does not see a type that changed in another file.
 */
export function checkTasks({ fresh }: { fresh: boolean }): Task[] {
  return [
    ...lintTasks(fresh),
    jestTask('unit', 'unit tests', ['--maxWorkers', '2']),
    ...typeTasks(),
    boundariesTask(),
    formatTask(fresh),
  ];
}

/** In two parts of about the same length: the types of all workspaces at once need more memory than Node takes by itself. */
function lintTasks(fresh: boolean): Task[] {
  const part = (name: string, patterns: readonly string[]): Task => {
    const location = join(stateDir, `eslint-${name.replace(' ', '-')}`);
    const cache = ['--cache', '--cache-strategy', 'content', '--cache-location', location];
    const args = [bin('eslint', 'bin', 'eslint.js'), ...patterns, '--max-warnings', '0'];
    return { title: `lint of ${name}`, args: [...args, ...(fresh ? [] : cache)] };
  };
  const first = ['api', 'contracts', 'prisma'];
  const ignored = first.flatMap((workspace) => ['--ignore-pattern', `${workspace}/**`]);
  return [part('the api', first), part('the rest', ['.', ...ignored])];
}

function typeTasks(): Task[] {
  return workspaces()
    .filter((workspace) => existsSync(join(root, workspace, 'tsconfig.json')))
    .map((workspace) => {
      const memory = join(stateDir, `types-${workspace}.tsbuildinfo`);
      const args = [
        '-p',
        join(root, workspace),
        '--pretty',
        'false',
        '--incremental',
        '--tsBuildInfoFile',
        memory,
      ];
      return { title: `types of ${workspace}`, args: [bin('typescript', 'bin', 'tsc'), ...args] };
    });
}

function boundariesTask(): Task {
  const program = bin('dependency-cruiser', 'bin', 'dependency-cruiser.mjs');
  return { title: 'boundaries', args: [program, '--config', '.dependency-cruiser.cjs', ...workspaces()] };
}

function formatTask(fresh: boolean): Task {
  const cache = ['--cache', '--cache-strategy', 'content', '--cache-location', join(stateDir, 'prettier')];
  const program = bin('prettier', 'bin', 'prettier.cjs');
  return { title: 'format', args: [program, '--check', '--log-level', 'warn', '.', ...(fresh ? [] : cache)] };
}

/** Tests with encoders or browsers: they come by themselves, so that no other file runs beside two of them. */
export const costly: readonly string[] = [
  'api/src/facts/',
  'sfu/src/(faststart|mesh)/',
  'sfu/src/(signaling|whip)/browser',
  'sfu/src/signaling/(leaks|turn)',
  'sfu/src/whip/otherClients',
  'tests/support/(browser|hls)/',
  'web/src/',
  'workers/src/(forward|stage)/',
];

/** Journeys that compare picture and sound, or run several browsers: they have the machine for themselves. */
export const alone: readonly string[] = ['tests/e2e/(everyWay|journey|lipSync|restream|stage)'];

/** Jest's order of the files that run side by side. */
const longestFirst = join(root, 'infra', 'jest', 'longestFirst.mjs');

/** The component tests, then the journeys; one task after the other, in this order. */
export function longTasks(): Task[] {
  const only = (names: readonly string[]): string[] => ['--testPathPatterns', `/(${names.join('|')})`];
  const without = (names: readonly string[]): string[] => [
    ...['--testPathIgnorePatterns', `/(${names.join('|')})`],
  ];
  const sideBySide = (width: number): string[] => [
    ...['--maxWorkers', String(width), '--testSequencer', longestFirst],
  ];
  return [
    jestTask('component', 'component tests', [...sideBySide(2), ...without(costly)]),
    jestTask('component', 'component tests of media', [...sideBySide(2), ...only(costly)]),
    jestTask('e2e', 'journeys (end to end)', [...sideBySide(2), ...without(alone)]),
    jestTask('e2e', 'journeys that measure', ['--runInBand', ...only(alone)]),
  ];
}

function jestTask(project: JestProject, title: string, width: readonly string[]): Task {
  const jestResult = join(stateDir, `jest-${title.replaceAll(/[^a-z0-9]+/g, '-')}.json`);
  const options = ['--selectProjects', project, '--json', '--outputFile', jestResult];
  const node = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  return { title, args: [...node, bin('jest', 'bin', 'jest.js'), ...options, ...width], jestResult };
}
