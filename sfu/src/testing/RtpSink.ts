import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import type { TestClient } from './TestClient.ts';
import { until } from './until.ts';

/** Receives one producer as RTP, over a plain transport of an `egress` peer. */
export class RtpSink {
  readonly consumerId: string;
  readonly #socket: Socket;
  /** RTP packets so far; RTCP is not counted. */
  packets = 0;
  lastAtMs = 0;

  static async start(client: TestClient, producerId: string): Promise<RtpSink> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    try {
      const remote = { ip: '127.0.0.1', port: socket.address().port };
      const { transportId } = await client.request('transport.createPlain', { direction: 'receive', remote });
      const { rtpCapabilities } = client.room!;
      const input = { transportId, producerId, rtpCapabilities };
      const { consumerId } = await client.request('consumer.create', input);
      const sink = new RtpSink(socket, consumerId);
      await client.request('consumer.resume', { consumerId });
      return sink;
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  private constructor(socket: Socket, consumerId: string) {
    this.#socket = socket;
    this.consumerId = consumerId;
    socket.on('message', (packet) => {
      // RFC 5761 4: payload types 64 to 95 are RTCP's.
      const type = packet.readUInt8(1) & 0x7f;
      if (type >= 64 && type <= 95) return;
      this.packets++;
      this.lastAtMs = Date.now();
    });
  }

  /** Waits until so many more packets have come. */
  async more(count: number): Promise<void> {
    const before = this.packets;
    await until(`${count} more packets`, () => this.packets >= before + count);
  }

  /** Waits until nothing has come for so long. */
  async silent(forMs: number): Promise<void> {
    await until('silence', () => Date.now() - this.lastAtMs > forMs);
  }

  close(): void {
    this.#socket.close();
  }
}
