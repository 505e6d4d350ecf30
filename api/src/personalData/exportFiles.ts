import { AppError } from '@maydan/common';
import type { ExportedRow } from './PersonalData.ts';

/** What each file of an export says of it. */
export interface ExportHead {
  readonly userId: string;
  readonly exportId: string;
  /** ISO 8601 */
  readonly requestedAt: string;
}

/**
 * The files of an export, JSON documents of `maxBytes` at most (of one row, if that has more), one after the other as rows
 * come: no more than one is held in memory. A kind whose rows are too many for one file goes on in the next one. Rejects
 * when the rows of a kind don't come together, as a reader of the JSON would lose those that came first.
 */
export async function* exportFiles(
  rows: AsyncIterable<ExportedRow>,
  head: ExportHead,
  maxBytes: number,
): AsyncGenerator<Buffer> {
  const kinds = new Set<string>();
  let number = 1;
  let last: string | null = null;
  let file = new ExportFile(head, number);
  for await (const { kind, row } of rows) {
    if (kind !== last && kinds.has(kind)) throw new AppError('internal', `Rows of ${kind} came apart.`);
    kinds.add(kind);
    last = kind;
    const text = JSON.stringify(row);
    if (!file.hasRoomFor(kind, text, maxBytes)) {
      yield file.end(false);
      number += 1;
      file = new ExportFile(head, number);
    }
    file.add(kind, text);
  }
  yield file.end(true);
}

/** What is written behind the rows, at most. */
const endBytes = 40;

class ExportFile {
  readonly #pieces: string[];
  #byteLength: number;
  #kind: string | null = null;

  constructor(head: ExportHead, number: number) {
    const said = { format: 'maydan-export', version: 1, ...head, file: number };
    const beginning = `${JSON.stringify(said).slice(0, -1)},"data":{`;
    this.#pieces = [beginning];
    this.#byteLength = Buffer.byteLength(beginning);
  }

  /** One row always has. */
  hasRoomFor(kind: string, text: string, maxBytes: number): boolean {
    if (this.#kind === null) return true;
    const added = Buffer.byteLength(this.#before(kind)) + Buffer.byteLength(text);
    return this.#byteLength + added + endBytes <= maxBytes;
  }

  add(kind: string, text: string): void {
    const piece = this.#before(kind) + text;
    this.#pieces.push(piece);
    this.#byteLength += Buffer.byteLength(piece);
    this.#kind = kind;
  }

  end(isLast: boolean): Buffer {
    const closed = this.#kind === null ? '' : '\n]';
    return Buffer.from(`${this.#pieces.join('')}${closed}},"isLast":${isLast}}\n`);
  }

  #before(kind: string): string {
    if (kind === this.#kind) return ',\n';
    return `${this.#kind === null ? '' : '\n],'}${JSON.stringify(kind)}:[\n`;
  }
}
