import { Loudness } from './Loudness.ts';

it('is the mean power of what was sent since it was asked before, over 200 ms at least', () => {
  const loudness = new Loudness();
  expect(loudness.take()).toBe(-127);
  for (let nth = 0; nth < 25; nth++) loudness.hear(20, 20);
  expect(loudness.take()).toBe(-20);
  expect(loudness.take()).toBe(-127);
  loudness.hear(0, 20);
  expect(loudness.take()).toBe(-10);
  loudness.hear(20, 200);
  loudness.hear(127, 200);
  expect(loudness.take()).toBe(-23);
  loudness.hear(127, 1_000);
  expect(loudness.take()).toBe(-127);
});

it('adds what another one has heard', () => {
  const [there, here] = [new Loudness(), new Loudness()];
  expect(there.flush()).toBeNull();
  there.hear(20, 200);
  const heard = there.flush();
  expect(heard?.durationMs).toBe(200);
  expect(there.flush()).toBeNull();
  if (heard !== null) here.add(heard);
  here.hear(127, 200);
  expect(here.take()).toBe(-23);
});
