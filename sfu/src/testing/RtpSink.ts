import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import type { TestClient } from './TestClient.ts';
import { until } from './until.ts';

/** 120 ms at 48 kHz (RFC 7587 4.2). */
const longestOpusPacket = 5_760;

/** Receives one producer as RTP, over a plain transport of an `egress` peer. */
export class RtpSink {
  readonly consumerId: string;
  readonly #client: TestClient;
  readonly #socket: Socket;
  /** RTP packets so far; RTCP is not counted. */
  packets = 0;
  lastAtMs = 0;
  /** Of sound: how often the sender's clock went on by more than a packet, while none was lost (DTX, RFC 7587 3.1.3). */
  pauses = 0;
  #newest: { readonly sequence: number; readonly timestamp: number } | null = null;

  static async start(client: TestClient, producerId: string): Promise<RtpSink> {
    const sink = await RtpSink.open(client, producerId);
    try {
      await sink.resume();
      return sink;
    } catch (error) {
      sink.close();
      throw error;
    }
  }

  /** Paused, as the sfu makes it. */
  static async open(client: TestClient, producerId: string): Promise<RtpSink> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    try {
      const remote = { ip: '127.0.0.1', port: socket.address().port };
      const { transportId } = await client.request('transport.createPlain', { direction: 'receive', remote });
      const { rtpCapabilities } = client.room!;
      const input = { transportId, producerId, rtpCapabilities };
      const { consumerId } = await client.request('consumer.create', input);
      return new RtpSink(client, socket, consumerId);
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  private constructor(client: TestClient, socket: Socket, consumerId: string) {
    this.#client = client;
    this.#socket = socket;
    this.consumerId = consumerId;
    socket.on('message', (packet) => {
      // RFC 5761 4: payload types 64 to 95 are RTCP's.
      const type = packet.readUInt8(1) & 0x7f;
      if (type >= 64 && type <= 95) return;
      this.packets++;
      this.lastAtMs = Date.now();
      this.#follow({ sequence: packet.readUInt16BE(2), timestamp: packet.readUInt32BE(4) });
    });
  }

  #follow(next: { sequence: number; timestamp: number }): void {
    const before = this.#newest;
    this.#newest = next;
    if (before === null || next.sequence !== ((before.sequence + 1) & 0xffff)) return;
    if (((next.timestamp - before.timestamp) | 0) > longestOpusPacket) this.pauses++;
  }

  async resume(): Promise<void> {
    await this.#client.request('consumer.resume', { consumerId: this.consumerId });
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
