import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createLogger } from '@maydan/common';
import { ProbeThread } from './ProbeThread.ts';

const loopback = '127.0.0.1';
const thread = new ProbeThread(createLogger('test', 'fatal'));
const sockets: Socket[] = [];

afterAll(async () => {
  for (const socket of sockets) socket.close();
  await thread.close();
});

async function sender(): Promise<{ socket: Socket; port: number }> {
  const socket = createSocket('udp4');
  sockets.push(socket);
  socket.bind(0, loopback);
  await once(socket, 'listening');
  return { socket, port: socket.address().port };
}

/** VP8 (RFC 7741): the beginning of a picture, a key frame of 640x360 or another one. */
function picture(number: number, isKey: boolean): Buffer {
  const header = Buffer.from([0x80, 0x80 | 96, 0, number, 0, 0, 0, 0, 0, 0, 0, 1]);
  header.writeUInt32BE(number * 3_000, 4);
  const body = Buffer.from([0x10, isKey ? 0 : 1, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01]);
  return Buffer.concat([header, body]);
}

async function figuresOnce(probe: number, isSeen: (width: number | null) => boolean): Promise<unknown> {
  for (;;) {
    const figures = await thread.read(probe);
    if (figures === null || isSeen(figures.width)) return figures;
  }
}

it('meters what comes from the one port, several sources at once, until it is closed', async () => {
  const [near, far, stranger] = [await sender(), await sender(), await sender()];
  const first = await thread.open('video/VP8', near.port);
  const second = await thread.open('video/VP8', far.port);
  stranger.socket.send(picture(9, true), second.port, loopback);
  for (let at = 0; at < 31; at += 1) near.socket.send(picture(at, at % 30 === 0), first.port, loopback);
  expect(await figuresOnce(first.probe, (width) => width !== null)).toMatchObject({
    width: 640,
    height: 360,
  });
  // RTCP on the same port (RFC 5761) is no picture.
  far.socket.send(Buffer.from([0x80, 200, 0, 1, 0, 0, 0, 1]), second.port, loopback);
  far.socket.send(picture(1, false), second.port, loopback);
  expect(await thread.read(second.probe)).toMatchObject({ width: null, keyFrameIntervalMs: null });

  thread.closeProbe(first.probe);
  expect(await thread.read(first.probe)).toBeNull();
  expect(await thread.read(second.probe)).not.toBeNull();
});

it('is refused where no packets can come from, and goes on', async () => {
  await expect(thread.open('video/VP8', 70_000)).rejects.toThrow();
  const { port } = await sender();
  expect((await thread.open('video/VP8', port)).port).toBeGreaterThan(0);
});

it('is refused once all is closed', async () => {
  const other = new ProbeThread(createLogger('test', 'fatal'));
  await other.open('video/VP8', 9);
  await other.close();
  await expect(other.open('video/VP8', 9)).rejects.toThrow('closed');
});
