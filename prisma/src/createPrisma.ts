import { Pool } from 'pg';
import { PrismaClient, Prisma } from '../generated/client.ts';
import { OrderlyPg } from './OrderlyPg.ts';
import { openDoor } from './statements.ts';

export type Database = PrismaClient;
export type DatabaseTransaction = Prisma.TransactionClient;

/** A transaction got no connection, or did not come to its end, in the time it may take: too much is asked for at once. */
export function isOverload(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && ['P2024', 'P2028'].includes(error.code);
}

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
  const pool = new Pool({
    connectionString: databaseUrl,
    max: options.maxConnections ?? 10,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: 15_000,
    query_timeout: 20_000,
    application_name: 'maydan',
  });
  // A connection that breaks while nobody uses it is replaced; the next statement says what is wrong.
  pool.on('error', () => undefined);
  // One that breaks in the moment in which it is handed to who waits for it is heard by neither; they fail with their statement.
  pool.on('connect', (connection) => connection.on('error', () => undefined));
  const { onQuery } = options;
  const client = clientOf(new OrderlyPg(pool, { disposeExternalPool: true }), onQuery);
  openDoor(client, { pool, onQuery });
  return client;
}

function clientOf(adapter: OrderlyPg, onQuery: PrismaOptions['onQuery']): Database {
  // Prisma's own 2 s and 5 s are over in a rush of writers of one row, each of whom waits a moment only.
  const transactionOptions = { maxWait: 10_000, timeout: 15_000 };
  if (onQuery === undefined) return new PrismaClient({ adapter, transactionOptions });
  const log = [{ emit: 'event' as const, level: 'query' as const }];
  const client = new PrismaClient({ adapter, transactionOptions, log });
  client.$on('query', ({ query, duration }) => onQuery(query, duration));
  return client;
}
