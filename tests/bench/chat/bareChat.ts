import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLogger, createRedis } from '@maydan/common';
import { createAdapter } from '@socket.io/redis-streams-adapter';
import { Server } from 'socket.io';
import { z } from 'zod';

/**
 * The baseline of the benchmark `chat-dm`: Socket.IO with its Redis streams adapter and nothing else. Whoever connects
 * says who they are; what they send is passed on to the other person. Nothing is checked, counted or stored. Takes the
 * address of Redis and prints its port.
 */
const redis = createRedis(process.argv[2] ?? '', createLogger('bare', 'warn'), {
  name: 'bare',
  maxWaitMs: null,
});
const http = createServer();
const io = new Server(http, { serveClient: false, adapter: createAdapter(redis) });
const handshake = z.object({ user: z.string() });
const sent = z.tuple([z.object({ to: z.string(), text: z.string() }), z.custom<(answer: object) => void>()]);

io.on('connection', (socket) => {
  void socket.join(handshake.parse(socket.handshake.auth).user);
  socket.on('send', (...args: unknown[]) => {
    const [{ to, text }, ack] = sent.parse(args);
    io.to(to).emit('message', { text });
    ack({});
  });
});
http.listen(0, '127.0.0.1');
await once(http, 'listening');
console.log((http.address() as AddressInfo).port);
