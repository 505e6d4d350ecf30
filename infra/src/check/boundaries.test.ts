import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cruise } from 'dependency-cruiser';
import type { ICruiseOptions, IFlattenedRuleSet } from 'dependency-cruiser';
import { root } from '../setup/paths.ts';

const rules: { forbidden: IFlattenedRuleSet['forbidden']; options: ICruiseOptions } = createRequire(
  import.meta.url,
)(join(root, '.dependency-cruiser.cjs'));
let dir = '';

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'maydan-boundaries-'));
});
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

/** Names of the rules that an import of `to` in `from` breaks. */
async function broken(from: string, to: string): Promise<string[]> {
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  };
  const isPackage = !to.includes('/src/');
  if (isPackage) {
    write(`node_modules/${to}/package.json`, JSON.stringify({ name: to, main: 'index.js' }));
    write(`node_modules/${to}/index.js`, 'module.exports = {};');
  } else write(to, 'export const b = 1;');
  const up = '../'.repeat(from.split('/').length - 1);
  write(from, `import * as b from '${isPackage ? to : up + to}';\nexport const a = b;`);
  const { output } = await cruise([from], {
    baseDir: dir,
    validate: true,
    ruleSet: { forbidden: rules.forbidden },
    doNotFollow: { path: 'node_modules' },
  });
  if (typeof output === 'string') throw new Error(output);
  return output.summary.violations.map(({ rule }) => rule.name);
}

describe('the boundaries', () => {
  it.each([
    ['api/src/a.ts', 'ingest/src/b.ts', 'api-stands-alone'],
    ['workers/src/live/a.ts', 'sfu/src/b.ts', 'workers-stands-alone'],
    ['contracts/src/a.ts', 'common/src/b.ts', 'contracts-at-the-bottom'],
    ['common/src/a.ts', 'prisma/src/b.ts', 'common-knows-contracts-only'],
    ['ingest/src/a.ts', 'prisma/src/b.ts', 'database-for-api-and-workers'],
    ['web/src/a.ts', 'common/src/b.ts', 'web-knows-contracts-only'],
    ['api/src/a.ts', 'infra/src/b.ts', 'infra-and-tests-are-not-imported'],
    ['infra/src/a.ts', 'api/src/b.ts', 'infra-runs-services-as-processes'],
    ['workers/src/a.ts', 'mediasoup', 'door-mediasoup'],
    ['api/src/a.ts', 'node-media-server', 'door-node-media-server'],
    ['workers/src/live/a.ts', 'fluent-ffmpeg', 'door-fluent-ffmpeg'],
    ['workers/src/recording/a.ts', '@aws-sdk/client-s3', 'door-S3'],
    ['workers/src/media/a.ts', 'sharp', 'door-sharp'],
    ['api/src/a.repo.ts', '@prisma/client', 'door-Prisma'],
  ])('%s must not import %s', async (from, to, rule) => {
    expect(await broken(from, to)).toContain(rule);
  });

  it.each([
    ['api/src/a.ts', 'contracts/src/b.ts'],
    ['workers/src/a.ts', 'common/src/b.ts'],
    ['api/src/a.ts', 'prisma/src/b.ts'],
    ['sfu/src/a.ts', 'mediasoup'],
    ['workers/src/ffmpeg/a.ts', 'fluent-ffmpeg'],
    ['workers/src/storage/a.ts', '@aws-sdk/client-s3'],
    ['workers/src/recording/a.component.test.ts', 'infra/src/b.ts'],
  ])('%s may import %s', async (from, to) => {
    expect(await broken(from, to)).toEqual([]);
  });

  it('has no import in a circle', async () => {
    mkdirSync(join(dir, 'api/src/circle'), { recursive: true });
    writeFileSync(join(dir, 'api/src/circle/x.ts'), "import { y } from './y.ts';\nexport const x = y;");
    writeFileSync(join(dir, 'api/src/circle/y.ts'), "import { x } from './x.ts';\nexport const y = x;");
    const { output } = await cruise(['api/src/circle'], {
      baseDir: dir,
      validate: true,
      ruleSet: { forbidden: rules.forbidden },
    });
    if (typeof output === 'string') throw new Error(output);
    expect(output.summary.violations.map(({ rule }) => rule.name)).toContain('no-cycles');
  });
});
