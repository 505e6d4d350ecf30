import type { ChatRole, ChatSettings } from '@maydan/contracts';
import { defaultRules, effective, refusalOfText, refusalOfWriter } from './chatRules.ts';
import { hasLink, isEmojiOnly } from './texts.ts';
import { compileWords, containsBanned, textKey, wordKey } from './words.ts';

const banned = compileWords(['bad', 'idiot', 'very ugly', 'spam*', 'كلب', 'غبي', 'إمّعة', 'дурак']);
const hits = (text: string): boolean => containsBanned(text, banned);

describe('a banned word', () => {
  it.each([
    ['as it is', 'so bad!'],
    ['in upper case', 'BAD'],
    ['with accents', 'bád'],
    ['with invisible characters', 'b\u200ba\u200dd'],
    ['in Cyrillic look-alikes', 'bаd'],
    ['in full-width letters', 'ｂａｄ'],
    ['in mathematical letters', '𝓫𝓪𝓭'],
    ['with digits', 'b4d'],
    ['with digits and an exclamation mark', 'you b4d!'],
    ['with signs', '!d10t'],
    ['with a bar for a letter', '|diot'],
    ['with letters repeated', 'baaaaad'],
    ['doubled', 'iddiioott'],
    ['spelled', 'you are b a d'],
    ['spelled with dots', 'b.a.d'],
    ['of two words', 'Very   UGLY!!'],
    ['by its beginning', 'spammers'],
    ['with vowel signs', 'كَلْب'],
    ['with tatweel', 'كـــلـب'],
    ['with the article', 'الكلب'],
    ['with another hamza', 'امعه'],
    ['in Arabic, repeated', 'غبيييي'],
    ['in Russian', 'Дурак'],
  ])('is found %s', (_, text) => expect(hits(text)).toBe(true));

  it.each([
    'badge',
    'class',
    'not a word of it',
    'b and d',
    'مكتبة',
    'good',
    '100 1000',
    '',
    '!!!',
    'durable',
  ])('is not found in %p', (text) => expect(hits(text)).toBe(false));

  it.each([
    ['spam*', 'spam spams xspam', [true, true, false]],
    ['*spam', 'spam xspam spams', [true, true, false]],
    ['s*m', 'sm spam smx', [true, true, false]],
    ['*p*m*', 'xpxmx pm mp', [true, true, false]],
    ['ab*bc', 'abbc abxbc abc', [true, true, false]],
  ])('with stars: %s', (word, text, found) => {
    const list = compileWords([word]);
    expect(text.split(' ').map((one) => containsBanned(one, list))).toEqual(found);
  });

  it('is one word however it is written into the list; what is no word bans nothing', () => {
    expect(wordKey('ＢＡＤ')).toBe(wordKey('bad'));
    expect(wordKey('إمّعة')).toBe(wordKey('امعه'));
    expect(containsBanned('anything *', compileWords(['*', '!', ' ', '\u200b']))).toBe(false);
  });

  it('takes no long time for a hostile text', () => {
    const text = 'a'.repeat(250) + ' .'.repeat(125);
    expect(containsBanned(text, compileWords(['a*a*a*a*b']))).toBe(false);
    expect(hasLink(text + 'x.'.repeat(200))).toBe(false);
    expect(containsBanned('ab'.repeat(240), compileWords([`${'*a*b'.repeat(14)}*c`]))).toBe(false);
    expect(isEmojiOnly(`${'👍'.repeat(240)}x`)).toBe(false);
  });
});

it('two messages are the same without case, marks, repetition and punctuation', () => {
  expect(textKey('HELLO!!!')).toBe(textKey('hello'));
  expect(textKey('😀')).not.toBe(textKey('😁'));
});

describe('a link', () => {
  it.each([
    ...['https://example.org', 'see example.com/x', 'EXAMPLE.COM', 'www.foo', 'foo [dot] com', 'foo dot com'],
    ...['example。com', '10.0.0.1:80', 'e\u200bxample.com', 'موقع.com', 'bit.ly/abc', 'example.de'],
  ])('is found in %p', (text) => expect(hasLink(text)).toBe(true));
  it.each(['hello.', 'wait...what', '3.14', 'e.g. this', 'I am.you are', 'مرحبا. كيف', 'a.b'])(
    'is not found in %p',
    (text) => expect(hasLink(text)).toBe(false),
  );
});

it('emoji alone are told from text', () => {
  for (const text of ['😀', '👨‍👩‍👧‍👦 🇯🇴', '❤', '❤️👍🏽', '1️⃣']) expect(isEmojiOnly(text)).toBe(true);
  for (const text of ['a😀', '1', '#', '', ' ', 'نعم', '😀.']) expect(isEmojiOnly(text)).toBe(false);
});

describe('rules', () => {
  const now = new Date('2026-01-01T00:00:00Z');
  const settings = (set: Partial<ChatSettings>): ChatSettings => ({ ...defaultRules, ...set });
  const writer = (role: ChatRole, followsForSec: number | null = null) => ({
    role,
    followsSince: followsForSec === null ? null : new Date(now.getTime() - followsForSec * 1_000),
    isSubscriber: false,
    isVerified: false,
  });

  it('say who may write', () => {
    const followers = settings({ followersOnly: true, followersMinSec: 60 });
    expect(refusalOfWriter(writer('viewer'), followers, now)).toBe('chat_followers_only');
    expect(refusalOfWriter(writer('viewer', 59), followers, now)).toBe('chat_followers_only');
    expect(refusalOfWriter(writer('viewer', 60), followers, now)).toBeNull();
    expect(refusalOfWriter(writer('viewer'), settings({ verifiedOnly: true }), now)).toBe(
      'chat_verified_only',
    );
    const subscribers = settings({ subscribersOnly: true });
    expect(refusalOfWriter(writer('viewer', 60), subscribers, now)).toBe('chat_subscribers_only');
    expect(refusalOfWriter({ ...writer('viewer'), isSubscriber: true }, subscribers, now)).toBeNull();
    for (const role of ['host', 'moderator', 'cohost'] as const) {
      const all = { ...followers, subscribersOnly: true, verifiedOnly: true };
      expect(refusalOfWriter(writer(role), all, now)).toBeNull();
    }
  });

  it('say what may be written, in the order of the cascade, with the exemptions of the table', () => {
    const all = settings({ maxLength: 20, linksOff: true, emojiOnly: true });
    const refused = (text: string, role: ChatRole = 'viewer') => refusalOfText(text, role, all, [banned]);
    expect(refused('x'.repeat(21))).toBe('chat_too_long');
    expect(refused('bad example.com')).toBe('chat_word_banned');
    expect(refused('example.com')).toBe('chat_links_off');
    expect(refused('hello')).toBe('chat_emoji_only');
    expect(refused('😀')).toBeNull();
    expect(refused('example.com', 'cohost')).toBe('chat_emoji_only');
    for (const role of ['host', 'moderator'] as const) expect(refused('bad example.com', role)).toBeNull();
  });

  it('are stricter behind the shield', () => {
    const shielded = effective(settings({ shield: true, slowModeSec: 5 }));
    expect(shielded).toMatchObject({
      slowModeSec: 30,
      followersOnly: true,
      linksOff: true,
      uniqueOnly: true,
    });
    expect(effective(settings({ shield: true, slowModeSec: 90 })).slowModeSec).toBe(90);
  });
});
