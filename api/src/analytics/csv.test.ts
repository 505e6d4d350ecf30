import { csvCell, csvStream } from './csv.ts';
import { firstIdOf, slotAt, stepOf } from './slots.ts';

it('keeps texts what they are: quoted where they have to be, and never a formula', () => {
  expect(csvCell('plain')).toBe('plain');
  expect(csvCell('ثلاثة, "أربعة"\nخمسة')).toBe('"ثلاثة, ""أربعة""\nخمسة"');
  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', ' =1', '＝1']) expect(csvCell(text)).toBe(`'${text}`);
  expect(csvCell('\t=1')).toBe('"\'\t=1"');
  expect(csvCell('=HYPERLINK("http://x","y")')).toBe(`"'=HYPERLINK(""http://x"",""y"")"`);
  expect([csvCell(-5), csvCell(7n), csvCell(null), csvCell(true)]).toEqual(['-5', '7', '', 'true']);
  expect(csvCell(new Date(0))).toBe('1970-01-01T00:00:00.000Z');
});

it('makes a file as it is read, and stops when its reader goes', async () => {
  let made = 0;
  let isOver = false;
  async function* rows() {
    try {
      for (;;) yield { n: made++, text: 'x'.repeat(1_000) };
    } finally {
      isOver = true;
    }
  }
  const reader = csvStream(['n', 'text', 'missing'], rows()).getReader();
  const { value } = (await reader.read()) as { value: Uint8Array };
  expect([...value.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
  expect(Buffer.from(value).toString()).toMatch(/^\u{feff}n,text,missing\r\n0,x+,\r\n1,x+,\r\n/u);
  expect(made).toBeLessThan(100);
  await reader.cancel();
  expect(isOver).toBe(true);
});

it('knows quarters of an hour, ids of a time and steps of a timeline', () => {
  expect(slotAt(new Date('2026-03-29T01:14:59.999Z'))).toEqual(new Date('2026-03-29T01:00:00Z'));
  expect(firstIdOf(Date.parse('2026-01-01T00:00:00Z'))).toBe('019b76da-a800-7000-8000-000000000000');
  expect([stepOf(0, 300), stepOf(300 * 30_000, 300), stepOf(300 * 30_000 + 1, 300)]).toEqual([
    30_000, 30_000, 60_000,
  ]);
});
