import { RecentMap } from './RecentMap.ts';

describe('what was found out lately', () => {
  function start(most: number) {
    const found: string[] = [];
    const map = new RecentMap<string | null>(most);
    const get = (key: string, value: string | null = key): string | null =>
      map.get(key, () => {
        found.push(key);
        return value;
      });
    return { map, get, found };
  }

  it('is found out once, also when it is nothing', () => {
    const { get, found } = start(10);
    for (let again = 0; again < 3; again++) {
      expect(get('a')).toBe('a');
      expect(get('b', null)).toBeNull();
    }
    expect(found).toEqual(['a', 'b']);
  });

  it('is kept while it is asked for, and goes when others came since, so that there are never more than two generations', () => {
    const { get, found } = start(2);
    for (const key of ['a', 'b', 'c', 'a', 'd', 'a', 'e', 'a']) get(key);
    expect(found).toEqual(['a', 'b', 'c', 'd', 'e']);
    get('b');
    expect(found.at(-1)).toBe('b');
  });

  it('is nothing when it could not be found out', () => {
    const { map, get, found } = start(2);
    const fail = (): never => {
      throw new Error('no');
    };
    expect(() => map.get('a', fail)).toThrow('no');
    expect(get('a')).toBe('a');
    expect(found).toEqual(['a']);
  });
});
