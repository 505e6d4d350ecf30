import { createLogger } from '@maydan/common';
import { SlowClients } from './SlowClients.ts';

/** A connection that says whether it was dropped. */
const clientOf = (id: string) => ({
  ...{ id, waitingBytes: 0, isDropped: false },
  drop(): void {
    this.isDropped = true;
  },
});

it('drops who stays behind for ten looks in a row, or is far behind, and nobody else', () => {
  const [slow, catchingUp, far, quick] = [
    clientOf('slow'),
    clientOf('catchingUp'),
    clientOf('far'),
    clientOf('quick'),
  ];
  const all = [slow, catchingUp, far, quick];
  const slowClients = new SlowClients(
    () => all.filter(({ isDropped }) => !isDropped),
    100,
    createLogger('test', 'silent'),
  );
  try {
    slow.waitingBytes = 101;
    far.waitingBytes = 801;
    quick.waitingBytes = 100;
    for (let look = 1; look <= 9; look++) {
      catchingUp.waitingBytes = look === 5 ? 0 : 800;
      slowClients.look();
      expect(all.map(({ isDropped }) => isDropped)).toEqual([false, false, true, false]);
    }
    slowClients.look();
    expect(all.map(({ isDropped }) => isDropped)).toEqual([true, false, true, false]);
  } finally {
    slowClients.close();
  }
});
