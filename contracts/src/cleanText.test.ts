import { cleanLine, cleanText, showsSomething } from './cleanText.ts';

it.each([
  ['  two\r\nlines\rthree\u2028four ', 'two\nlines\nthree\nfour'],
  ['a\u0000b\u0007c\u001bd\u009fe\tf', 'abcde\tf'],
  // An override that shows "exe.txt" for "txt.exe".
  ['photo\u202egnp.exe', 'photognp.exe'],
  ['\u202bab\u202c', 'ab'],
  ['one \ud800 half', 'one \ufffd half'],
  ['e\u0301', '\u00e9'],
  [`z${'\u0335'.repeat(40)}!`, `z${'\u0335'.repeat(6)}!`],
  ['\ufeff\u2060\u00ad', ''],
])('%j becomes %j', (text, clean) => {
  expect(cleanText(text)).toBe(clean);
  expect(cleanText(clean)).toBe(clean);
});

it.each([
  'السَّلامُ عَلَيْكُمْ ورحمة الله',
  'می\u200cخواهم',
  '\u200fمرحبا\u200e OK',
  '👩‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️',
  'नमस्ते',
  '\u2068علي\u2069: hi',
])('%j stays as it is', (text) => {
  expect(cleanText(text)).toBe(text);
});

it('closes the isolates that a line leaves open, and knows no end without a beginning', () => {
  expect(cleanText('\u2067a\u2066b\nc\u2069d')).toBe('\u2067a\u2066b\u2069\u2069\ncd');
});

it('has names on one line', () => {
  expect(cleanLine(' a\n\tb  c ')).toBe('a b c');
});

it.each([
  ['', false],
  [' \u200b\u200f\u2068\u2069\u0301', false],
  ['.', true],
  ['لا', true],
  ['👍', true],
])('tells whether %j shows something', (text, shows) => {
  expect(showsSomething(text)).toBe(shows);
});
