import { jest } from '@jest/globals';
import { SendDeadlines } from './SendDeadlines.ts';

describe('deadlines of large answers', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());
  const client = () => ({ destroy: jest.fn() });

  it('cut off a client that takes nothing, in proportion to what it was sent', () => {
    const [large, larger] = [client(), client()];
    const deadlines = new SendDeadlines();
    deadlines.watch(large, 800_000);
    deadlines.watch(larger, 1_600_000);
    jest.advanceTimersByTime(115_000);
    expect(large.destroy).not.toHaveBeenCalled();
    jest.advanceTimersByTime(10_000);
    expect(large.destroy).toHaveBeenCalledTimes(1);
    expect(larger.destroy).not.toHaveBeenCalled();
    deadlines.close();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('leave small answers and finished ones alone, and keep no timer without need', () => {
    const deadlines = new SendDeadlines();
    const finished = client();
    expect(deadlines.watch(client(), 2_000)).toBeUndefined();
    expect(jest.getTimerCount()).toBe(0);
    deadlines.watch(finished, 100_000)?.();
    jest.advanceTimersByTime(600_000);
    expect(finished.destroy).not.toHaveBeenCalled();
    expect(jest.getTimerCount()).toBe(0);
  });
});
