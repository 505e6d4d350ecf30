import { createHash } from 'node:crypto';
import type { Pool, QueryResultRow } from 'pg';
import { Prisma, type PrismaClient } from '../generated/client.ts';

/** Where the statements of a database go: the pool that Prisma uses, too, so that both together keep to its size. */
export interface Door {
  readonly pool: Pool;
  readonly onQuery: ((sql: string, durationMs: number) => void) | undefined;
}

const doors = new WeakMap<PrismaClient, Door>();
const names = new Map<string, string>();
const nulRefused = ['22021', '22P05'];

export function openDoor(database: PrismaClient, door: Door): void {
  doors.set(database, door);
}

/**
 * Rows of a statement that comes very often and costs more to plan, and to take through Prisma, than to run: it goes straight
 * to the driver, and each connection parses and plans it once. Its text may not vary, as each one is kept for ever, and its plan
 * may not depend on values. Columns are as `pg` reads them: int4 and float as numbers, timestamptz as a Date, int8 and numeric as text.
 * Rejects with the driver's error (`isTaken`).
 */
export async function ask<Row extends object>(database: PrismaClient, statement: Prisma.Sql): Promise<Row[]> {
  const door = doors.get(database);
  if (door === undefined) throw new Error('not a database of createPrisma');
  const { text, values } = statement;
  const startedAt = performance.now();
  const { rows } = await door.pool.query<Row & QueryResultRow>({ name: nameOf(text), text, values });
  door.onQuery?.(text, Math.round(performance.now() - startedAt));
  return rows;
}

/** Whether PostgreSQL refused a row because its key is there already (SQLSTATE 23505), by `ask` or by a raw query of Prisma. */
export function isTaken(error: unknown): boolean {
  if (error instanceof Prisma.PrismaClientKnownRequestError) {
    return JSON.stringify(error.meta).includes('23505');
  }
  return error instanceof Error && 'code' in error && error.code === '23505';
}

/**
 * Whether PostgreSQL undid a statement of `ask` because of one of its values or rows, or because it stood in somebody's way
 * (SQLSTATE classes 22, 23 and 40). After any other error it isn't certain that it was undone.
 */
export function isUndone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(22|23|40)...$/.test(String(error.code));
}

/**
 * Whether PostgreSQL refused a text with U+0000 in it, which none of its texts may have (SQLSTATE 22021, within JSON 22P05), by
 * `ask` or by whatever query of Prisma.
 */
export function isNulRefused(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && nulRefused.includes(String(error.code))) return true;
  const isKnown = error instanceof Prisma.PrismaClientKnownRequestError;
  // Not every error of Prisma has a `meta`.
  const told = JSON.stringify(
    (isKnown ? error.meta : error.name === 'DriverAdapterError' && error.cause) ?? {},
  );
  return nulRefused.some((code) => told.includes(`"${code}"`));
}

function nameOf(text: string): string {
  const name = names.get(text) ?? createHash('sha1').update(text).digest('hex');
  names.set(text, name);
  return name;
}
