import { decidePatch } from './precondition.ts';

const current = { etag: '"now"', remoteUsernameFragment: 'old' };
const more = { usernameFragment: 'old', password: 'p', candidateCount: 1 };
const anew = { usernameFragment: 'new', password: 'p', candidateCount: 0 };

describe('what a PATCH asks for', () => {
  it('is candidates, with the entity tag of their ICE session', () => {
    expect(decidePatch('"now"', current, more)).toEqual({ type: 'trickle' });
    expect(decidePatch('"then", "now"', current, { ...more, usernameFragment: null })).toEqual({
      type: 'trickle',
    });
  });

  it.each(['*', '"*"', '"now"'])('is a restart, with a new ufrag and If-Match %s', (ifMatch) => {
    expect(decidePatch(ifMatch, current, anew)).toEqual({
      type: 'restart',
      usernameFragment: 'new',
      password: 'p',
    });
  });

  it('is candidates when a restart says what is known', () => {
    expect(decidePatch('*', current, more)).toEqual({ type: 'trickle' });
  });

  it.each([
    [undefined, more, 'precondition_required'],
    ['"then"', more, 'precondition_failed'],
    ['"then"', anew, 'precondition_failed'],
    ['W/"now"', more, 'precondition_failed'],
    ['now', more, 'precondition_failed'],
    ['*', { ...anew, password: null }, 'validation_failed'],
  ])('with If-Match %s and %j is refused: %s', (ifMatch, fragment, code) => {
    expect(() => decidePatch(ifMatch, current, fragment)).toThrow(expect.objectContaining({ code }));
  });
});
