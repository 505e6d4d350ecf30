import { decodeSeqCursor, encodeSeqCursor, rangeOf } from './seqCursor.ts';

const all = { fromSeq: 0, lastSeq: 100 };
const late = { fromSeq: 90, lastSeq: 100 };

it.each([
  [null, all, 91, 100],
  [null, { fromSeq: 95, lastSeq: 100 }, 96, 100],
  [null, { fromSeq: 0, lastSeq: 0 }, 1, 0],
  [{ way: 'older', seq: 91 }, all, 81, 90],
  [{ way: 'older', seq: 5 }, all, 1, 4],
  [{ way: 'older', seq: 1 }, all, 1, 0],
  [{ way: 'older', seq: 500 }, all, 91, 100],
  [{ way: 'newer', seq: 50 }, all, 51, 60],
  [{ way: 'newer', seq: 95 }, all, 96, 100],
  [{ way: 'newer', seq: 100 }, all, 101, 100],
  // Who came later sees nothing of before, whatever their cursor says.
  [{ way: 'older', seq: 95 }, late, 91, 94],
  [{ way: 'newer', seq: 3 }, late, 91, 100],
  [{ around: 50 }, all, 45, 54],
  [{ around: 2 }, all, 1, 6],
  [{ around: 100 }, all, 95, 100],
] as const)('%j of %j is %i to %i', (wish, seen, first, last) => {
  expect(rangeOf(wish, 10, seen)).toEqual({ first, last });
});

it('takes its own cursors alone', () => {
  const cursor = { way: 'newer', seq: 7 } as const;
  expect(decodeSeqCursor(encodeSeqCursor(cursor))).toEqual(cursor);
  const strange = [['older', -1], ['older', 2 ** 31], ['sideways', 1], ['older', 1.5], [], null];
  for (const value of [
    ...strange.map((one) => Buffer.from(JSON.stringify(one)).toString('base64url')),
    '',
    '%',
  ]) {
    expect(() => decodeSeqCursor(value)).toThrow(expect.objectContaining({ code: 'validation_failed' }));
  }
});
