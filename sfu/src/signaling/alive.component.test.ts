import { TestSfu } from '../testing/TestSfu.ts';
import { until } from '../testing/until.ts';

let sfu: TestSfu;
beforeAll(async () => {
  sfu = await TestSfu.start();
});
afterAll(async () => {
  await sfu.close();
});

describe('connections on which nothing happens', () => {
  it('hear again and again that the sfu is there; one that answers no ping is given up, the other stays', async () => {
    const [viewer, lost] = [await sfu.join({ role: 'viewer' }), await sfu.join({ role: 'viewer' })];
    let pings = 0;
    viewer.socket.io.on('ping', () => (pings += 1));
    // What comes is heard and not answered, as by somebody whose way to us is lost.
    lost.socket.io.engine.transport.send = () => undefined;
    await until('the words', () => [viewer, lost].every((client) => client.all('alive').length >= 2));
    await until('a ping', () => pings >= 1);
    await lost.disconnected();
    expect(viewer.socket.connected).toBe(true);
    expect(sfu.running.signaling.connections).toBe(1);
  });
});
