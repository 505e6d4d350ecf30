import { phoneNumberOf } from './phoneNumber.ts';

describe('phoneNumberOf', () => {
  it.each([
    ['+966 50 123 4567', '+966501234567'],
    ['+20-10-1234-5678', '+201012345678'],
    ['+٩٦٦٥٠١٢٣٤٥٦٧', '+966501234567'],
    ['+1 (415) 555-2671', '+14155552671'],
  ])('%s is %s', (text, number) => {
    expect(phoneNumberOf(text)).toBe(number);
  });

  it.each([
    '0501234567',
    '+966',
    '+999123456789',
    'call +966501234567',
    '+1 415 555 2671 ext. 5',
    'nonsense',
    // Premium rate, and free of charge.
    '+1 900 234 5678',
    '+44 909 879 0000',
    '+1 800 234 5678',
    '',
  ])('refuses %s', (text) => {
    expect(() => phoneNumberOf(text)).toThrow(expect.objectContaining({ code: 'validation_failed' }));
  });
});
