import { isBefore, isPosition, msOf } from './positions.ts';

describe('positions', () => {
  it('are compared as numbers, not as text', () => {
    expect(isBefore('9-0', '10-0')).toBe(true);
    expect(isBefore('10-9', '10-10')).toBe(true);
    expect(isBefore('10-10', '10-10')).toBe(false);
    expect(isBefore('10-0', '9-5')).toBe(false);
    expect(msOf('1795273464388-3')).toBe(1_795_273_464_388);
  });

  it.each(['', '-', '1', '1-', '-1', '1-1-1', '1-a', ' 1-1', '1-1\n', '1'.repeat(17) + '-1', '(1-1', '+'])(
    'are nothing else: %j',
    (text) => expect(isPosition(text)).toBe(false),
  );
});
