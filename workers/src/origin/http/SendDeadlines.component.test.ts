import { createServer, get, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jest } from '@jest/globals';
import { SendDeadlines } from './SendDeadlines.ts';

/** A real response whose client reads nothing. */
async function stuckResponse(): Promise<{ response: ServerResponse; close: () => void }> {
  const server = createServer();
  const arrived = new Promise<ServerResponse>((resolve) => {
    server.once('request', (_, response) => resolve(response));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = get({ port, host: '127.0.0.1', agent: false });
  client.on('error', () => undefined);
  const response = await arrived;
  const close = () => {
    client.destroy();
    server.closeAllConnections();
    server.close();
  };
  return { response, close };
}

describe('deadlines of large answers', () => {
  afterEach(() => jest.useRealTimers());

  it('cut off a client that takes nothing, in proportion to what it was sent', async () => {
    const { response, close } = await stuckResponse();
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
    const deadlines = new SendDeadlines();
    deadlines.watch(response, 800_000);
    jest.advanceTimersByTime(115_000);
    expect(response.destroyed).toBe(false);
    jest.advanceTimersByTime(10_000);
    expect(response.destroyed).toBe(true);
    deadlines.close();
    close();
  });

  it('leave small answers and finished ones alone, and keep no timer without need', async () => {
    const { response, close } = await stuckResponse();
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
    const deadlines = new SendDeadlines();
    deadlines.watch(response, 2_000);
    expect(jest.getTimerCount()).toBe(0);
    deadlines.watch(response, 100_000);
    response.emit('close');
    jest.advanceTimersByTime(5_000);
    expect([response.destroyed, jest.getTimerCount()]).toEqual([false, 0]);
    close();
  });
});
