import type { Buffer } from 'node:buffer';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { Pacer } from './rtp/Pacer.ts';

const tickMs = 2;
const sendBufferBytes = 1_048_576;

/** Sends RTP and RTCP to one plain transport of the sfu, large frames paced. Who creates it closes it. */
export class PlainSender {
  readonly #socket: Socket;
  readonly #onRtcp: (packet: Buffer) => void;
  readonly #pacer = new Pacer();
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  /** @throws when no socket can be had. */
  static async open(
    remote: { ip: string; port: number },
    onRtcp: (packet: Buffer) => void,
  ): Promise<PlainSender> {
    const socket = createSocket(isIPv6(remote.ip) ? 'udp6' : 'udp4');
    try {
      socket.connect(remote.port, remote.ip);
      await once(socket, 'connect');
      socket.setSendBufferSize(sendBufferBytes);
    } catch (error) {
      socket.close();
      throw error;
    }
    return new PlainSender(socket, onRtcp);
  }

  private constructor(socket: Socket, onRtcp: (packet: Buffer) => void) {
    this.#socket = socket;
    this.#onRtcp = onRtcp;
    // A refused packet means that the transport is gone, which signaling tells.
    socket.on('error', () => undefined);
    socket.on('message', (packet: Buffer) => {
      // RFC 5761 4: RTCP packet types are 192 to 223.
      const type = packet[1] ?? 0;
      if (type >= 192 && type <= 223) this.#onRtcp(packet);
    });
  }

  /** Packets of one frame: as many as a receiver's buffer takes at once, the rest within some 30 ms. */
  send(packets: readonly Buffer[]): void {
    this.#sendAll(this.#pacer.push(packets, performance.now()));
    if (!this.#pacer.isIdle) this.#timer ??= setInterval(() => this.#tick(), tickMs);
  }

  /** Past everything that waits: sound, reports and what was lost. */
  sendAtOnce(packet: Buffer): void {
    if (!this.#isClosed) this.#socket.send(packet, () => undefined);
  }

  /** Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopTimer();
    this.#socket.close();
  }

  #tick(): void {
    this.#sendAll(this.#pacer.due(performance.now()));
    if (this.#pacer.isIdle) this.#stopTimer();
  }

  #sendAll(packets: readonly Buffer[]): void {
    for (const packet of packets) this.sendAtOnce(packet);
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
