/** Plain JavaScript for the system's Node (20.19 or newer): brings the npm packages and Node 24, then runs TypeScript. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const wantedMajor = 24;

/** Runs a program of infra/src (path from the root) with Node 24 and ends as it ends. */
export function run(program, args = process.argv.slice(2)) {
  bringPackages();
  runNode([join(root, program), ...args]);
}

/** Runs Node 24 with these arguments, itself first on the PATH; signals are passed on. */
export function runNode(args) {
  const node = findNode();
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` };
  // The channel tells the program when this process is gone, however it went.
  const child = spawn(node, args, { cwd: root, env, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  // Ctrl-C reaches the program by itself, as it is of the same terminal.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`Node could not be started: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}

/** Node 24 from the npm packages, else the one that runs, else the one on the PATH. */
export function findNode() {
  const packaged = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  if (existsSync(packaged)) return packaged;
  if (Number(process.versions.node.split('.')[0]) >= wantedMajor) return process.execPath;
  return fail(
    `Maydan runs on Node ${wantedMajor} or newer, this is ${process.versions.node}, and there is no npm package of it for ` +
      `${process.platform} ${process.arch}. Install Node ${wantedMajor} (for example "brew install node@${wantedMajor}" or a version manager) and try again.`,
  );
}

function bringPackages() {
  if (packagesAreInstalled()) return;
  console.log('Installing the npm packages (install scripts off) …');
  const npm = process.env.npm_execpath;
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const result = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: 'inherit' })
    : spawnSync('npm', args, { cwd: root, stdio: 'inherit' });
  if (result.status !== 0)
    fail('The npm packages could not be installed: see the lines above. Is there a network?');
}

/** Compares the lock file with npm's own note of what is in node_modules. */
function packagesAreInstalled() {
  const installed = lockedPackages(join(root, 'node_modules', '.package-lock.json'));
  const wanted = lockedPackages(join(root, 'package-lock.json'));
  return (
    installed !== null &&
    Object.entries(wanted ?? {}).every(([path, { version, optional, devOptional }]) =>
      path === '' ? true : installed[path] ? installed[path].version === version : optional || devOptional,
    )
  );
}

function lockedPackages(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : null;
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
