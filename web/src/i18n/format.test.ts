import { formatAgo, formatClock, formatLatency } from './format.ts';
import { chooseLanguage } from './languages.ts';

describe('formatClock', () => {
  it('leaves out hours that are not there', () => {
    expect([5, 65, 3723].map((sec) => formatClock('en', sec))).toEqual(['0:05', '1:05', '1:02:03']);
  });

  it('uses the digits of the language', () => {
    expect(formatClock('ar-EG', 65)).toBe('١:٠٥');
  });
});

describe('formatLatency', () => {
  it('shows tenths while they matter', () => {
    expect(formatLatency('en', 1.44)).toBe('1.4 sec');
    expect(formatLatency('en', 14.4)).toBe('14 sec');
  });
});

describe('formatAgo', () => {
  const now = Date.parse('2026-01-01T10:00:00Z');
  it('counts in the largest unit that fits', () => {
    expect(formatAgo('en', '2026-01-01T09:59:50Z', now)).toBe('now');
    expect(formatAgo('en', '2026-01-01T09:55:00Z', now)).toBe('5 minutes ago');
    expect(formatAgo('en', '2025-12-31T10:00:00Z', now)).toBe('yesterday');
  });
});

describe('chooseLanguage', () => {
  it('prefers the stored choice, then the browser, then English', () => {
    expect(chooseLanguage('ar', ['en-GB'])).toBe('ar');
    expect(chooseLanguage(null, ['fr', 'ar-SA', 'en'])).toBe('ar');
    expect(chooseLanguage('xx', ['fr'])).toBe('en');
  });
});
