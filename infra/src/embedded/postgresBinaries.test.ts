import { mkdir, mkdtemp, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { linkLibraries } from './postgresBinaries.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maydan-postgres-'));
  await mkdir(join(folder, 'native', 'lib'), { recursive: true });
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

it('links libraries once, also when many do so at once', async () => {
  const native = join(folder, 'native');
  await writeFile(join(native, 'lib', 'libpq.so.5.18'), '');
  const links = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }];
  await writeFile(join(native, 'pg-symlinks.json'), JSON.stringify(links));
  await Promise.all(Array.from({ length: 10 }, () => linkLibraries(native)));
  expect(await readlink(join(native, 'lib', 'libpq.so.5'))).toBe('libpq.so.5.18');
});
