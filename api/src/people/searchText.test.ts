import { decodeSearchCursor, encodeSearchCursor, isIndexed, searchText, similarityOf } from './searchText.ts';

const id = '0192f0c1-0000-7000-8000-000000000001';

describe('searchText', () => {
  it('is folded, with its words once each', () => {
    expect(searchText('  أحمد   عليّ احمد ')).toMatchObject({
      folded: 'احمد علي احمد',
      words: ['احمد', 'علي'],
    });
    expect(searchText('Ann_B.c-D e f g h').words).toEqual(['ann', 'b', 'c', 'd', 'e']);
    expect(searchText('ـــ\u200f')).toEqual({ folded: '', words: [], email: null, phone: null });
  });

  it.each([
    ['Ann@Example.org ', 'ann@example.org'],
    ['ann@', null],
    ['@ann', null],
    ['ann', null],
  ])('%s as an address: %s', (typed, email) => {
    expect(searchText(typed).email).toBe(email);
  });

  it.each([
    ['+966 50 123-4567', '+966501234567'],
    ['٠٠٩٦٦٥٠١٢٣٤٥٦٧', '+966501234567'],
    ['+1 (212) 555.0100', '+12125550100'],
    ['0501234567', null],
    ['+0501234567', null],
    ['+12', null],
    ['+1234567890123456', null],
    ['ann', null],
  ])('%s as a number: %s', (typed, phone) => {
    expect(searchText(typed).phone).toBe(phone);
  });

  it('knows which words the index can find', () => {
    expect(['ali', 'علي', 'анна', 'αννα', 'דוד', 'x1y'].every(isIndexed)).toBe(true);
    expect(['al', 'مي', '한국어이', "o'n", '日本語'].some(isIndexed)).toBe(false);
  });
});

describe('similarityOf', () => {
  it.each([
    [['ali'], 0.51],
    [['jaqes'], 0.51],
    [['robqrt'], 0.399],
    [['jenqifer'], 0.499],
    [['elizabqth'], 0.51],
    [['linqa', 'smith'], 0.51],
  ])('of %j is %d', (words, expected) => {
    expect(similarityOf(words)).toBeCloseTo(expected, 5);
  });
});

describe('a cursor of a search', () => {
  it('comes back as it was, and is refused when it was made up', () => {
    const position = { tier: 3, key: 'احمد', id };
    expect(decodeSearchCursor(encodeSearchCursor(position))).toEqual(position);
    const made = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const text of ['', '%', made([3, 'a']), made([-1, 'a', id]), made([3, 'a', 'x']), made({})]) {
      expect(() => decodeSearchCursor(text)).toThrow(expect.objectContaining({ code: 'validation_failed' }));
    }
  });
});
