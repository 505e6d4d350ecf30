import { defineConfig } from 'prisma/config';

/** For Prisma's own command line (`prisma migrate deploy`, `prisma studio`); our scripts read the same folders. */
export default defineConfig({
  schema: 'schema.prisma',
  migrations: { path: 'migrations' },
  datasource: { url: process.env.DATABASE_URL ?? '' },
});
