import { retryAfterSec } from './retryAfter.ts';

const now = Date.parse('2026-01-01T00:00:00.400Z');

it.each([
  ['7', 7],
  [' 0 ', 0],
  ['Thu, 01 Jan 2026 00:00:10 GMT', 10],
  ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
  ['soon', null],
  ['', null],
  [null, null],
  [undefined, null],
])('a Retry-After of %s means %s seconds', (header, seconds) => {
  expect(retryAfterSec(header, now)).toBe(seconds);
});
