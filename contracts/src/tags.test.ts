import { cleanTag, differentTags, tagKey, tags } from './tags.ts';

describe('tags', () => {
  it.each([
    [' #Live  Music ', 'live music', 'live music'],
    ['##Go', 'go', 'go'],
    ['# # twice', 'twice', 'twice'],
    ['C#', 'c#', 'c#'],
    ['موسيقى', 'موسيقى', 'موسيقي'],
    ['مُوسِيقــى', 'مُوسِيقــى', 'موسيقي'],
    ['Café', 'café', 'cafe'],
    ['أخبار\nاليوم', 'أخبار اليوم', 'اخبار اليوم'],
  ])('%j is shown as %j and found by %j', (text, shown, key) => {
    expect([cleanTag(text), tagKey(text), cleanTag(shown), tagKey(key)]).toEqual([shown, key, shown, key]);
  });

  it('that are the same count once, the first one', () => {
    expect(differentTags(['موسيقى', 'news', 'موسيقي', 'News'])).toEqual(['موسيقى', 'news']);
    expect(differentTags(['a', 'b', 'A'])).toEqual(['a', 'b']);
    expect(tags.parse(['#Music', 'MUSIC', ' news'])).toEqual(['music', 'news']);
  });

  it('that are too long, too many, or nothing are refused', () => {
    const of = (count: number) => Array.from({ length: count }, (_, index) => `tag ${index}`);
    expect(tags.safeParse(of(10)).success).toBe(true);
    for (const wrong of [of(11), ['x'.repeat(31)], ['x'.repeat(61)], [''], ['#'], ['ـ'], ['\u200f'], [1]])
      expect([wrong, tags.safeParse(wrong).success]).toEqual([wrong, false]);
  });
});
