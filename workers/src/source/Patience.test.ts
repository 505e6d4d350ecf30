import { once } from 'node:events';
import { createServer, connect, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { standStill } from '../testing/standStill.ts';
import { Patience } from './Patience.ts';

describe('Patience', () => {
  it('reads what came while the process stood still, before it is over', async () => {
    const server = createServer((socket) => socket.end('here')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const order: string[] = [];
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    const due = Promise.withResolvers<undefined>();
    const patience = new Patience(600, () => {
      order.push('due');
      due.resolve(undefined);
    });
    socket.on('data', (data) => order.push(String(data)));
    standStill(1_000);
    await due.promise;
    expect(order).toEqual(['here', 'due']);
    patience.stop();
    server.close();
    await once(server, 'close');
  });

  it('begins anew when it is refreshed, and is over once; stopped, it is never over', async () => {
    const overAt: number[] = [];
    const due = Promise.withResolvers<undefined>();
    const kept = new Patience(1_500, () => {
      overAt.push(performance.now());
      due.resolve(undefined);
    });
    const stopped = new Patience(300, () => overAt.push(0));
    stopped.stop();
    await delay(400);
    const refreshedAt = performance.now();
    kept.refresh();
    await due.promise;
    await delay(400);
    expect(overAt).toHaveLength(1);
    // What is left of a step was of the time before.
    expect((overAt[0] ?? 0) - refreshedAt).toBeGreaterThan(1_200);
  });
});
