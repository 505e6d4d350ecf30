import type { Buffer } from 'node:buffer';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { SfuClient, type SfuClientOptions } from '../../sfu/SfuClient.ts';

export interface ReceivedPacket {
  readonly atMs: number;
  readonly kind: 'audio' | 'video';
  readonly sequence: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly payload: Buffer;
}

/** What a sender report says: what has this RTP timestamp was captured at `unixMs`. */
interface ClockReport {
  readonly timestamp: number;
  readonly unixMs: number;
}

const clockRates = { audio: 48, video: 90 } as const;
const senderReport = 200;
/** Milliseconds from 1900 to 1970. */
const ntpEpochMs = 2_208_988_800_000;

/** For tests: receives everything of a room as RTP on a socket of its own. Who creates it closes it. */
export class RtpViewer {
  readonly packets: ReceivedPacket[] = [];
  readonly client: SfuClient;
  readonly #socket: Socket;
  readonly #kinds = new Map<number, 'audio' | 'video'>();
  readonly #resumedMs = new Map<'audio' | 'video', number>();
  readonly #reports = new Map<'audio' | 'video', ClockReport>();
  #transportId = '';

  static async join(options: Omit<SfuClientOptions, 'role'>): Promise<RtpViewer> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    socket.setRecvBufferSize(4 * 1024 * 1024);
    const client = await SfuClient.join({ ...options, role: 'egress' });
    const viewer = new RtpViewer(client, socket);
    const { port } = socket.address();
    const remote = { ip: '127.0.0.1', port };
    const made = client.request('transport.createPlain', { direction: 'receive', remote });
    // Listens at once: what is added meanwhile is not told again.
    client.on(
      'producer.added',
      ({ producer }) =>
        void made.then((transport) => {
          viewer.#transportId = transport.transportId;
          return viewer.#consume(producer.producerId);
        }),
    );
    viewer.#transportId = (await made).transportId;
    for (const producer of client.room.producers) await viewer.#consume(producer.producerId);
    return viewer;
  }

  private constructor(client: SfuClient, socket: Socket) {
    this.client = client;
    this.#socket = socket;
    socket.on('message', (packet: Buffer) => this.#receive(packet));
  }

  of(kind: 'audio' | 'video'): ReceivedPacket[] {
    return this.packets.filter((packet) => packet.kind === kind);
  }

  /** Unix milliseconds at which the consumer was resumed. */
  resumedMs(kind: 'audio' | 'video'): number | undefined {
    return this.#resumedMs.get(kind);
  }

  /** When (Unix milliseconds) what has an RTP timestamp was captured, by the last sender report of its stream. */
  capturedMs(kind: 'audio' | 'video', timestamp: number): number {
    const report = this.#reports.get(kind);
    if (report === undefined) throw new Error(`no sender report of the ${kind} came`);
    return report.unixMs + ((timestamp - report.timestamp) | 0) / clockRates[kind];
  }

  /** Waits for so many packets of a kind. */
  async receive(kind: 'audio' | 'video', count: number, deadlineMs = 30_000): Promise<void> {
    const isThere = (): boolean => this.of(kind).length >= count;
    await this.#until(`${count} packets of ${kind}`, isThere, deadlineMs);
  }

  /** Waits for so long a stretch of a kind, by its own clock. */
  async receiveSec(kind: 'audio' | 'video', sec: number, deadlineMs = 30_000): Promise<void> {
    const isThere = (): boolean => {
      const all = this.of(kind);
      const span = ((all.at(-1)?.timestamp ?? 0) - (all[0]?.timestamp ?? 0)) | 0;
      return span >= sec * 1_000 * clockRates[kind];
    };
    await this.#until(`${sec} s of ${kind}`, isThere, deadlineMs);
  }

  async #until(what: string, isThere: () => boolean, deadlineMs: number): Promise<void> {
    const deadline = Date.now() + deadlineMs;
    while (!isThere()) {
      if (Date.now() > deadline) {
        const seen = `${this.of('audio').length} of audio and ${this.of('video').length} of video`;
        throw new Error(`${what} did not come within ${deadlineMs} ms; there were ${seen}`);
      }
      await delay(20);
    }
  }

  async close(): Promise<void> {
    await this.client.leave();
    this.#socket.close();
  }

  async #consume(producerId: string): Promise<void> {
    const { rtpCapabilities } = this.client.room;
    const transportId = this.#transportId;
    const consumer = await this.client.request('consumer.create', {
      transportId,
      producerId,
      rtpCapabilities,
    });
    for (const { ssrc } of consumer.rtpParameters.encodings ?? []) {
      if (ssrc !== undefined) this.#kinds.set(ssrc, consumer.kind);
    }
    await this.client.request('consumer.resume', { consumerId: consumer.consumerId });
    this.#resumedMs.set(consumer.kind, Date.now());
  }

  #receive(packet: Buffer): void {
    // RTCP has types 192 to 223 in the second byte.
    if (packet.readUInt8(1) >= 192 && packet.readUInt8(1) <= 223) return this.#receiveReports(packet);
    const kind = this.#kinds.get(packet.readUInt32BE(8));
    // A probe of the bandwidth has no stream of ours.
    if (kind === undefined) return;
    const extension = packet.readUInt8(0) & 0x10 ? 4 + 4 * packet.readUInt16BE(14) : 0;
    const padding = packet.readUInt8(0) & 0x20 ? packet.readUInt8(packet.length - 1) : 0;
    this.packets.push({
      atMs: Date.now(),
      kind,
      sequence: packet.readUInt16BE(2),
      timestamp: packet.readUInt32BE(4),
      marker: packet.readUInt8(1) >= 128,
      payload: packet.subarray(12 + extension, packet.length - padding),
    });
  }

  #receiveReports(compound: Buffer): void {
    for (let at = 0; at + 28 <= compound.length; at += 4 + 4 * compound.readUInt16BE(at + 2)) {
      if (compound.readUInt8(at + 1) !== senderReport) continue;
      const kind = this.#kinds.get(compound.readUInt32BE(at + 4));
      const [seconds, fraction] = [compound.readUInt32BE(at + 8), compound.readUInt32BE(at + 12)];
      const unixMs = seconds * 1_000 + (fraction / 2 ** 32) * 1_000 - ntpEpochMs;
      if (kind !== undefined) this.#reports.set(kind, { timestamp: compound.readUInt32BE(at + 16), unixMs });
    }
  }
}
