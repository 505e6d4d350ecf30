/**
 * The boundaries of docs/adr and ARCHITECTURE §2: contracts ← common ← services, prisma ← api and workers, contracts ← web;
 * each third-party engine behind one door. Held by `npm run check`; infra/src/check/boundaries.test.ts sees that they hold.
 */
const services = ['api', 'sfu', 'ingest', 'workers'];
const production = { pathNot: '(\\.test\\.tsx?$|/testing/|^tests/)' };

/** Only `door` may import `engine`; tests may look at what it did. */
const door = (name, engine, allowed) => ({
  name: `door-${name}`,
  severity: 'error',
  comment: `${name} is used behind one door alone: ${allowed}`,
  from: { pathNot: `${production.pathNot}|${allowed}` },
  to: { path: `node_modules/${engine}/` },
});

module.exports = {
  forbidden: [
    ...services.map((service) => ({
      name: `${service}-stands-alone`,
      severity: 'error',
      comment: 'Services never import each other: facts flow up, commands flow down.',
      from: { path: `^${service}/` },
      to: { path: `^(${services.filter((other) => other !== service).join('|')})/` },
    })),
    {
      name: 'contracts-at-the-bottom',
      severity: 'error',
      comment: 'contracts runs in a browser and knows no other workspace.',
      from: { path: '^contracts/', ...production },
      to: { path: '^(api|common|infra|ingest|prisma|sfu|tests|web|workers)/' },
    },
    {
      name: 'contracts-without-node',
      severity: 'error',
      comment: 'contracts runs in a browser: no I/O.',
      from: { path: '^contracts/', ...production },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'common-knows-contracts-only',
      severity: 'error',
      from: { path: '^common/', ...production },
      to: { path: '^(api|infra|ingest|prisma|sfu|tests|web|workers)/' },
    },
    {
      name: 'prisma-knows-no-service',
      severity: 'error',
      from: { path: '^prisma/', ...production },
      to: { path: '^(api|infra|ingest|sfu|tests|web|workers)/' },
    },
    {
      name: 'database-for-api-and-workers',
      severity: 'error',
      comment: 'sfu and ingest have no database.',
      from: { path: '^(sfu|ingest|web)/' },
      to: { path: '^prisma/' },
    },
    {
      name: 'web-knows-contracts-only',
      severity: 'error',
      from: { path: '^web/src/', ...production },
      to: { path: '^(api|common|infra|ingest|prisma|sfu|tests|workers)/' },
    },
    {
      name: 'infra-and-tests-are-not-imported',
      severity: 'error',
      comment: 'What runs in production does not know how it is set up and tested.',
      from: { path: '^(api|common|contracts|ingest|prisma|sfu|web|workers)/', ...production },
      to: { path: '^(infra|tests)/' },
    },
    {
      name: 'infra-runs-services-as-processes',
      severity: 'error',
      from: { path: '^infra/', ...production },
      to: { path: '^(api|ingest|prisma|sfu|tests|web|workers)/' },
    },
    door('mediasoup', 'mediasoup', '^sfu/'),
    door('node-media-server', 'node-media-server', '^ingest/src/'),
    door('fluent-ffmpeg', 'fluent-ffmpeg', '^workers/src/ffmpeg/'),
    door('S3', '@aws-sdk', '^workers/src/storage/|^api/src/storage/[^/]+$'),
    door('sharp', 'sharp', '^workers/src/media/imageProgram\\.ts$'),
    door('Stripe', 'stripe', '^api/src/wallet/payments/StripeProvider\\.ts$'),
    door('Bull Board', '@bull-board', '^api/src/admin/board\\.routes\\.ts$'),
    door('Prisma', '(@prisma|pg)', '^prisma/'),
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Two files that need each other are one file, or need a third.',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|generated|coverage|\\.data)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
    tsConfig: { fileName: 'tsconfig.base.json' },
  },
};
