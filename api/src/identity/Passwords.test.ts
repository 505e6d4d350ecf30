import { Passwords } from './Passwords.ts';

describe('Passwords', () => {
  it('work while the event loop goes on', async () => {
    const passwords = new Passwords({ running: 1 });
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    const hashes = await Promise.all([1, 2, 3].map(() => passwords.hash('correct horse')));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(2);
    expect(await passwords.verify(hashes[0] ?? null, 'correct horse')).toBe(true);
    expect(await passwords.verify(hashes[0] ?? null, 'wrong horse')).toBe(false);
    expect(await passwords.verify(null, 'correct horse')).toBe(false);
    await passwords.close();
  });

  it('refuse what would wait too long, and go on after that', async () => {
    const passwords = new Passwords({ running: 1, waiting: 2 });
    const asked = await Promise.allSettled([1, 2, 3, 4, 5].map(() => passwords.verify(null, 'x')));
    expect(asked.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    expect(asked[4]).toMatchObject({ reason: { code: 'overloaded' } });
    expect(await passwords.verify(null, 'x')).toBe(false);
    await passwords.close();
  });
});
