import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApiClient } from '@maydan/contracts';
import { Attendance } from './Attendance.ts';
import { Viewing } from './Viewing.ts';

const sessionId = '00000000-0000-4000-8000-000000000001';
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await pause(2);
}

describe('Attendance', () => {
  it('ends a while after the player stands still, and begins again with it', async () => {
    const told: boolean[] = [];
    const attendance = new Attendance((isThere) => told.push(isThere), 10);
    attendance.set(true);
    attendance.set(true);
    expect(told).toEqual([]);
    await until(() => told.length === 1);
    attendance.set(true);
    attendance.set(false);
    attendance.set(false);
    expect(told).toEqual([false, true]);
    attendance.close();
  });

  it('goes on over a short pause', async () => {
    const told: boolean[] = [];
    const attendance = new Attendance((isThere) => told.push(isThere), 20);
    attendance.set(true);
    attendance.set(false);
    await pause(40);
    expect(told).toEqual([]);
    attendance.set(true);
    attendance.close();
    await pause(40);
    expect(told).toEqual([]);
  });
});

describe('Viewing', () => {
  let server: Server;
  let asked: string[];
  let intervalSec: number;
  let isKnown: boolean;
  beforeEach(async () => {
    [asked, intervalSec, isKnown] = [[], 0, false];
    server = createServer((request, response) => {
      asked.push(request.url?.split('/').at(-1) ?? '');
      const body = { viewingToken: 'token', deviceToken: 'device', intervalSec };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(request.url?.endsWith('/sessions/' + sessionId + '/viewing') ? body : {}));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  function begin(): Viewing {
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const memory = { read: () => undefined, write: () => void (isKnown = true) };
    const client = () => Promise.resolve(createApiClient({ baseUrl }));
    const leave = (token: string) => void createApiClient({ baseUrl }).viewing.end({ token });
    const viewing = new Viewing({ sessionId, client, memory, leave });
    viewing.start();
    return viewing;
  }

  it('is said again and again, and ends at once', async () => {
    const viewing = begin();
    await until(() => asked.filter((path) => path === 'heartbeat').length >= 2);
    viewing.stop();
    await until(() => asked.includes('end'));
    const { length } = asked;
    await pause(30);
    expect(asked.slice(length)).toEqual([]);
    expect(asked[0]).toBe('viewing');
  });

  it('is said while the picture moves, when timers come too late', async () => {
    intervalSec = 3_600;
    const viewing = begin();
    await until(() => isKnown);
    const now = performance.now();
    viewing.moved(now + 3_600_000);
    expect(asked).toEqual(['viewing']);
    viewing.moved(now + 3_700_000);
    viewing.moved(now + 3_700_000);
    await until(() => asked.includes('heartbeat'));
    viewing.stop();
    await until(() => asked.includes('end'));
    expect(asked).toEqual(['viewing', 'heartbeat', 'end']);
  });
});
