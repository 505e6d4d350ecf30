import { Loudness } from './Loudness.ts';

it('is the mean power of what was sent since it was asked before, over 200 ms at least', () => {
  const loudness = new Loudness();
  expect(loudness.take()).toBe(-127);
  for (let nth = 0; nth < 25; nth++) loudness.add(20, 20);
  expect(loudness.take()).toBe(-20);
  expect(loudness.take()).toBe(-127);
  loudness.add(0, 20);
  expect(loudness.take()).toBe(-10);
  loudness.add(20, 200);
  loudness.add(127, 200);
  expect(loudness.take()).toBe(-23);
  loudness.add(127, 1_000);
  expect(loudness.take()).toBe(-127);
});
