import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { isRtcp, parseRtp, type RtpPacket } from './rtpPacket.ts';
import { readSenderReports, type SenderReport } from './senderReport.ts';

export interface RtpListener {
  /** `nowMs` of `performance.now()`. */
  packet(packet: RtpPacket, nowMs: number): void;
  report(report: SenderReport, nowMs: number): void;
}

/** Key frames come as a burst; the kernel gives what it allows of this. */
const receiveBufferBytes = 2_097_152;

/** Our own address as the other end sees it, by the way the system would take. @throws when there is none. */
export async function addressTowards(host: string, port: number): Promise<string> {
  const name = host.replace(/^\[|\]$/g, '');
  const socket = createSocket(isIPv6(name) ? 'udp6' : 'udp4');
  try {
    socket.connect(port, name);
    await once(socket, 'connect');
    return socket.address().address;
  } finally {
    socket.close();
  }
}

/** A UDP port for one stream's RTP and RTCP. Who creates it closes it. */
export class RtpPort {
  readonly #socket: Socket;

  /** Listens on a free port of that address. @throws when none can be had. */
  static async open(address: string, listener: RtpListener): Promise<RtpPort> {
    const socket = createSocket({
      type: isIPv6(address) ? 'udp6' : 'udp4',
      recvBufferSize: receiveBufferBytes,
    });
    try {
      socket.bind(0, address);
      await once(socket, 'listening');
    } catch (error) {
      socket.close();
      throw error;
    }
    return new RtpPort(socket, listener);
  }

  private constructor(socket: Socket, listener: RtpListener) {
    this.#socket = socket;
    // Signaling tells when the other end is gone.
    socket.on('error', () => undefined);
    socket.on('message', (bytes) => {
      const nowMs = performance.now();
      if (isRtcp(bytes)) {
        for (const report of readSenderReports(bytes)) listener.report(report, nowMs);
        return;
      }
      const packet = parseRtp(bytes);
      if (packet !== null) listener.packet(packet, nowMs);
    });
  }

  get port(): number {
    return this.#socket.address().port;
  }

  close(): void {
    this.#socket.close();
  }
}
