import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient, type Prisma } from '../generated/client.ts';
import { statementName } from './prepared.ts';

export type Database = PrismaClient;
export type DatabaseTransaction = Prisma.TransactionClient;

export interface PrismaOptions {
  readonly maxConnections?: number;
  /** Hears of each statement that is sent, without its values; also of `BEGIN` and `COMMIT`. */
  readonly onQuery?: (sql: string, durationMs: number) => void;
}

/**
 * A client with a pool of its own; the caller ends it by `$disconnect()`. Nothing waits for ever: a connection or a
 * statement that takes too long fails, and the pool replaces it.
 */
export function createPrisma(databaseUrl: string, options: PrismaOptions = {}): Database {
  const pool = {
    connectionString: databaseUrl,
    max: options.maxConnections ?? 10,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: 15_000,
    query_timeout: 20_000,
    application_name: 'maydan',
  };
  const adapter = new PrismaPg(pool, { statementNameGenerator: statementName });
  const { onQuery } = options;
  if (onQuery === undefined) return new PrismaClient({ adapter });
  const client = new PrismaClient({ adapter, log: [{ emit: 'event', level: 'query' }] });
  client.$on('query', ({ query, duration }) => onQuery(query, duration));
  return client;
}
