import { foldText } from '@maydan/contracts';

/** Letters of other scripts that look like Latin ones, after `foldText`. */
const homoglyphs: Readonly<Record<string, string>> = {
  ...{
    а: 'a',
    в: 'b',
    е: 'e',
    ё: 'e',
    к: 'k',
    м: 'm',
    н: 'h',
    о: 'o',
    р: 'p',
    с: 'c',
    т: 't',
    у: 'y',
    х: 'x',
  },
  ...{
    і: 'i',
    ј: 'j',
    ѕ: 's',
    ԁ: 'd',
    ԛ: 'q',
    ԝ: 'w',
    ɡ: 'g',
    ո: 'n',
    ս: 'u',
    օ: 'o',
    ҽ: 'e',
    ь: 'b',
    ӏ: 'l',
  },
  ...{
    α: 'a',
    β: 'b',
    ε: 'e',
    η: 'n',
    ι: 'i',
    κ: 'k',
    ν: 'v',
    ο: 'o',
    ρ: 'p',
    τ: 't',
    υ: 'u',
    χ: 'x',
    ω: 'w',
    σ: 'o',
  },
  ...{
    ʙ: 'b',
    ɢ: 'g',
    ʜ: 'h',
    ɪ: 'i',
    ʟ: 'l',
    ɴ: 'n',
    ʀ: 'r',
    ʏ: 'y',
    ɑ: 'a',
    ɩ: 'i',
    ƅ: 'b',
    ᴀ: 'a',
    ᴇ: 'e',
    ᴏ: 'o',
  },
};
/** Digits and signs that stand for letters within a word. `1` and `|` are i or l. */
const signs: Readonly<Record<string, string>> = {
  ...{ '0': 'o', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b', '9': 'g' },
  ...{ '@': 'a', $: 's', '€': 'e', '£': 'l', '!': 'i', '+': 't' },
};
const oneOrBar = /[1|]/g;
const signsAtEnd = /[!+|$]+(?=\s|$)/g;
/** Arabic words take these in front: and, so, the, with, like, for. */
const arabicPrefix = /^[وف]?(?:ال|بال|كال|فال|لل|ب|ل|ك)?(?=[\u0621-\u064a]{3})/;
const latinOrDigit = /[a-z0-9@$€£!+|]/;

/** Words that may not be written, compiled for `containsBanned`. */
export interface BannedWords {
  /** By their key. */
  readonly words: ReadonlySet<string>;
  /** Longer ones, without doubled letters. */
  readonly undoubled: ReadonlySet<string>;
  /** Of several words, with blanks around. */
  readonly phrases: readonly string[];
  /** Those with `*` for any letters: what stands before, between and behind. */
  readonly patterns: readonly (readonly string[])[];
}

/** The form by which banned words are compared: two words of one key are one word. Empty when nothing is left of it. */
export function wordKey(word: string): string {
  return plain(word, '*')
    .replace(/(\S)\1{2,}/gu, '$1')
    .trim();
}

export function compileWords(words: readonly string[]): BannedWords {
  const keys = [...new Set(words.map(wordKey))].filter((key) => /[\p{L}\p{N}]/u.test(key));
  const single = keys.filter((key) => !key.includes(' ') && !key.includes('*'));
  return {
    words: new Set(single),
    undoubled: new Set(single.map(undouble).filter((key) => key.length >= 4)),
    phrases: keys.filter((key) => key.includes(' ') && !key.includes('*')).map((key) => ` ${key} `),
    patterns: keys.filter((key) => key.includes('*')).map(toPattern),
  };
}

/**
 * Whether a text has a banned word in it, also in disguise: upper case, accents, Arabic vowel signs, tatweel and forms of
 * alef and hamza, invisible characters, letters of other scripts that look alike, digits and signs for letters, letters
 * repeated, letters apart (`b a d`, `b.a.d`). Words are compared whole: `class` is not its last three letters. Pure.
 */
export function containsBanned(text: string, banned: BannedWords): boolean {
  return readingsOf(text).some((reading) => {
    const words = reading.split(' ').filter((word) => word !== '');
    const padded = ` ${words.map(shorten).join(' ')} `;
    if (banned.phrases.some((phrase) => padded.includes(phrase))) return true;
    return [...new Set([...words, ...spelled(words)])].some((word) => isBanned(word, banned));
  });
}

/** The form by which two messages are the same: what differs is case, marks, repetition or punctuation. */
export function textKey(text: string): string {
  return (
    plain(text, '')
      .replace(/(\S)\1{2,}/gu, '$1')
      .trim() || foldText(text).slice(0, 100)
  );
}

function isBanned(word: string, { words, undoubled, patterns }: BannedWords): boolean {
  const forms = new Set([shorten(word), word.replace(/(.)\1{2,}/gu, '$1$1')]);
  for (const form of [...forms]) forms.add(form.replace(arabicPrefix, ''));
  for (const form of forms) {
    if (words.has(form) || patterns.some((pattern) => matches(form, pattern))) return true;
    const without = undouble(form);
    if (without.length >= 4 && undoubled.has(without)) return true;
  }
  return false;
}

/** How a text can be read: as it stands, and with digits and signs as letters. */
function readingsOf(text: string): string[] {
  const folded = alike(foldText(text));
  // At the end of a word a sign is rather punctuation.
  const letters = [folded, folded.replace(signsAtEnd, '')].map((words) =>
    Array.from(words, (sign) => signs[sign] ?? sign).join(''),
  );
  const bars = letters.flatMap((words) => [words.replace(oneOrBar, 'i'), words.replace(oneOrBar, 'l')]);
  const readings = [folded, ...bars];
  return [...new Set(readings.map((reading) => apart(reading, '')))];
}

function plain(text: string, kept: string): string {
  return apart(alike(foldText(text)), kept);
}

/** Look-alikes only beside Latin letters: a Russian or Greek word stays one. */
function alike(folded: string): string {
  return folded
    .split(' ')
    .map((word) => (latinOrDigit.test(word) || isAllAlike(word) ? replaceAlike(word) : word))
    .join(' ');
}

function isAllAlike(word: string): boolean {
  return Array.from(word).every((letter) => homoglyphs[letter] !== undefined);
}

function replaceAlike(word: string): string {
  return Array.from(word, (letter) => homoglyphs[letter] ?? letter).join('');
}

/** Letters and digits, one blank for all else but `kept`. */
function apart(text: string, kept: string): string {
  const others = kept === '*' ? /[^\p{L}\p{N}*]+/gu : /[^\p{L}\p{N}]+/gu;
  return text.replace(others, ' ');
}

function shorten(word: string): string {
  return word.replace(/(.)\1{2,}/gu, '$1');
}

function undouble(word: string): string {
  return word.replace(/(.)\1+/gu, '$1');
}

/** Words spelled in single letters: `b a d`. */
function spelled(words: readonly string[]): string[] {
  const found: string[] = [];
  let letters = '';
  for (const word of [...words, '  ']) {
    if (Array.from(word).length === 1) letters += word;
    else {
      if (letters.length >= 3) found.push(letters);
      letters = '';
    }
  }
  return found;
}

function toPattern(key: string): string[] {
  return key.split('*').map((part) => part.replace(/[^\p{L}\p{N} ]/gu, ''));
}

/** Each part where it comes first: as a regular expression, many `*` would try each way to share out a long word. */
function matches(word: string, pattern: readonly string[]): boolean {
  const [first = '', last = ''] = [pattern[0], pattern.at(-1)];
  if (!word.startsWith(first) || !word.endsWith(last)) return false;
  let at = first.length;
  for (const part of pattern.slice(1, -1)) {
    const found = word.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at + last.length <= word.length;
}
