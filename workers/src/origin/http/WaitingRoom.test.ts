import { jest } from '@jest/globals';
import { WaitingRoom } from './WaitingRoom.ts';

function room() {
  let blocked = 0;
  const waitingRoom = new WaitingRoom({
    timeoutMs: 6000,
    onCount: (change) => (blocked += change),
    now: Date.now,
  });
  const log: string[] = [];
  const waiter = (name: string) => ({
    release: () => log.push(`${name} released`),
    expire: () => log.push(`${name} expired`),
  });
  return { waitingRoom, log, waiter, blocked: () => blocked };
}

describe('the waiting room', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('asks one condition for all who wait for the same, and keeps one timer for everybody', () => {
    const { waitingRoom, waiter, log, blocked } = room();
    const isReady = jest.fn(() => false);
    for (let viewer = 0; viewer < 1000; viewer += 1) waitingRoom.hold('part', isReady, waiter('a'));
    waitingRoom.hold('other', () => false, waiter('b'));
    waitingRoom.check();
    expect(isReady).toHaveBeenCalledTimes(1);
    expect(jest.getTimerCount()).toBe(1);
    isReady.mockReturnValue(true);
    waitingRoom.check();
    expect(log).toHaveLength(1000);
    expect(blocked()).toBe(1);
    expect(jest.getTimerCount()).toBe(1);
    waitingRoom.close();
    expect(log.at(-1)).toBe('b expired');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('expires each in its own time', () => {
    const { waitingRoom, waiter, log, blocked } = room();
    waitingRoom.hold('a', () => false, waiter('first'));
    jest.advanceTimersByTime(4000);
    waitingRoom.hold('a', () => false, waiter('second'));
    jest.advanceTimersByTime(2000);
    expect(log).toEqual(['first expired']);
    jest.advanceTimersByTime(3999);
    expect(log).toHaveLength(1);
    jest.advanceTimersByTime(1);
    expect(log).toEqual(['first expired', 'second expired']);
    expect([blocked(), jest.getTimerCount()]).toEqual([0, 0]);
  });

  it('forgets who leaves', () => {
    const { waitingRoom, waiter, log, blocked } = room();
    const leave = waitingRoom.hold('a', () => true, waiter('gone'));
    leave();
    leave();
    waitingRoom.check();
    expect([log.length, blocked(), waitingRoom.size, jest.getTimerCount()]).toEqual([0, 0, 0, 0]);
  });
});
