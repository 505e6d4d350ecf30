/** A cell: numbers stay numbers for whoever reads the file. */
export type Cell = string | number | bigint | boolean | Date | null;

/** UTF-8's byte order mark, by which Excel knows that it isn't Windows-1256. */
const mark = '\u{feff}';
/** Rows are sent together in pieces of about so many characters. */
const pieceLength = 16_384;
/** What spreadsheets take for a formula (OWASP, "CSV Injection"). */
const formula = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** One cell (RFC 4180). A text that a spreadsheet would take for a formula gets an apostrophe, which shows it as text. */
export function csvCell(cell: Cell): string {
  if (cell === null) return '';
  if (cell instanceof Date) return cell.toISOString();
  if (typeof cell !== 'string') return String(cell);
  const text = formula.test(cell.trimStart()) || formula.test(cell) ? `'${cell}` : cell;
  return /[",\r\n\t;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const line = (cells: readonly Cell[]): string => `${cells.map(csvCell).join(',')}\r\n`;

/** A row of a file, by columns. */
export type CsvRow = Readonly<Record<string, Cell>>;

async function* pieces(columns: readonly string[], rows: AsyncIterable<CsvRow>): AsyncGenerator<Buffer> {
  let piece = mark + line(columns);
  for await (const row of rows) {
    piece += line(columns.map((column) => row[column] ?? null));
    if (piece.length < pieceLength) continue;
    yield Buffer.from(piece);
    piece = '';
  }
  if (piece !== '') yield Buffer.from(piece);
}

/**
 * A file, made while it is sent: `rows` are asked for as the reader takes them, and their generator ends when the reader goes.
 */
export function csvStream(columns: readonly string[], rows: AsyncIterable<CsvRow>): ReadableStream {
  const lines = pieces(columns, rows);
  // Not `ReadableStream.from`, which the types of browsers don't have: the tests that use their pages read this, too.
  return new ReadableStream(
    {
      pull: async (controller) => {
        const next = await lines.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value);
      },
      cancel: async () => void (await lines.return(undefined)),
    },
    { highWaterMark: 0 },
  );
}
