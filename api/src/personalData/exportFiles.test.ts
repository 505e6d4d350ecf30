import { z } from 'zod';
import { exportFiles } from './exportFiles.ts';
import type { ExportedRow } from './PersonalData.ts';

const head = { userId: 'u', exportId: 'e', requestedAt: '2026-01-01T00:00:00.000Z' };
const document = z.object({
  file: z.int(),
  data: z.record(z.string(), z.array(z.unknown())),
  isLast: z.boolean(),
});

async function* each(rows: readonly ExportedRow[]): AsyncGenerator<ExportedRow> {
  yield* rows;
}

async function filesOf(rows: readonly ExportedRow[], maxBytes: number): Promise<Buffer[]> {
  const files: Buffer[] = [];
  for await (const file of exportFiles(each(rows), head, maxBytes)) files.push(file);
  return files;
}

const parsed = (files: readonly Buffer[]) => files.map((file) => document.parse(JSON.parse(file.toString())));
const rowsOf = (kind: string, count: number): ExportedRow[] =>
  Array.from({ length: count }, (_, index) => ({ kind, row: { index, text: 'نص "quoted"\n' } }));

describe('the files of an export', () => {
  it('are one without rows', async () => {
    const files = await filesOf([], 1_000);
    expect(files.map((file) => JSON.parse(file.toString()) as unknown)).toEqual([
      { format: 'maydan-export', version: 1, ...head, file: 1, data: {}, isLast: true },
    ]);
  });

  it('have all rows by kind, as they are', async () => {
    const rows = [...rowsOf('messages', 3), ...rowsOf('media', 1)];
    const [file, ...more] = parsed(await filesOf(rows, 10_000));
    expect(more).toEqual([]);
    expect(file?.data).toEqual({
      messages: rowsOf('messages', 3).map(({ row }) => row),
      media: rowsOf('media', 1).map(({ row }) => row),
    });
  });

  it('are no larger than permitted, and a kind goes on in the next one', async () => {
    const rows = [...rowsOf('messages', 40), ...rowsOf('media', 40)];
    const files = await filesOf(rows, 700);
    expect(files.length).toBeGreaterThan(4);
    for (const file of files) expect(file.length).toBeLessThanOrEqual(700);
    const documents = parsed(files);
    expect(documents.map(({ file }) => file)).toEqual(files.map((_, index) => index + 1));
    expect(documents.map(({ isLast }) => isLast)).toEqual(
      files.map((_, index) => index === files.length - 1),
    );
    for (const kind of ['messages', 'media']) {
      expect(documents.flatMap(({ data }) => data[kind] ?? [])).toEqual(
        rowsOf(kind, 40).map(({ row }) => row),
      );
    }
  });

  it('have a row that is larger than a file', async () => {
    const rows = [...rowsOf('a', 1), { kind: 'b', row: { text: 'x'.repeat(2_000) } }, ...rowsOf('c', 1)];
    const documents = parsed(await filesOf(rows, 300));
    expect(documents.map(({ data }) => Object.keys(data))).toEqual([['a'], ['b'], ['c']]);
  });

  it('are refused when the rows of a kind come apart', async () => {
    const rows = [...rowsOf('a', 1), ...rowsOf('b', 1), ...rowsOf('a', 1)];
    await expect(filesOf(rows, 1_000)).rejects.toMatchObject({ code: 'internal' });
  });
});
