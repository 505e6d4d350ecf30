import { newId } from './newId.ts';

it('is a UUID of version 7 that begins with the time', () => {
  const id = newId(0x0192f0c1a2b3);
  expect(id).toMatch(/^0192f0c1-a2b3-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(newId(0x0192f0c1a2b3)).not.toBe(id);
  expect(newId(0x0192f0c1a2b4) > id).toBe(true);
});
