/** A row of an export, with what it is: rows of one kind come one after the other, all from one feature. */
export interface ExportedRow {
  readonly kind: string;
  readonly row: object;
}

/**
 * What one feature keeps about a person. Each feature that does has one, listed in `createPersonalData`: then deleted
 * accounts are erased there, too, and exports have it.
 */
export interface PersonalData {
  /** The feature, for logs. */
  readonly name: string;
  /**
   * Removes what is personal, or makes it nobody's where others' history needs the row; rows may go on to refer to the user,
   * who has no name any more. It is called after the account is closed, perhaps again after a crash or when it was done.
   * `pending`: something has to end first, call again.
   */
  erase(userId: string): Promise<'done' | 'pending'>;
  /** All that the person has or wrote; no secrets, and of others no more than the person sees. */
  export(userId: string): AsyncIterable<ExportedRow>;
}

const batch = 500;

/** For queries: rows behind one, the oldest first; `key` holds the id by which those of one moment are sorted. */
export function beyond(createdAt: Date, key: string, id: string): object {
  return { createdAt: { gte: createdAt }, OR: [{ createdAt: { gt: createdAt } }, { [key]: { gt: id } }] };
}

/** All rows of one kind, read in batches: `read` gets how many at most, and the last row of the batch before. */
export async function* exported<R extends object>(
  kind: string,
  read: (take: number, after: R | null) => Promise<R[]>,
): AsyncGenerator<ExportedRow> {
  let last: R | null = null;
  do {
    const rows: R[] = await read(batch, last);
    for (const row of rows) yield { kind, row };
    last = rows.length < batch ? null : (rows.at(-1) ?? null);
  } while (last !== null);
}
