import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** RTP and RTCP begin with these (RFC 7983), RTCP types are 192 to 223 in the second byte (RFC 5761). */
const isRtp = (datagram: Buffer): boolean => {
  const [first = 0, second = 0] = datagram;
  return first >= 128 && first <= 191 && (second < 192 || second > 223);
};

/** Passes datagrams between one client and a port of this machine; it can be cut and mended like a network, or lose packets. */
export class UdpRelay {
  /** While true nothing gets through, in either direction. */
  isCut = false;
  /** Of the RTP packets to the client each one of so many is lost, those sent again among them; 0: none. */
  losesOneIn = 0;
  #lost = 0;
  #count = 0;
  readonly #inside: Socket;
  readonly #outside: Socket;
  #client: { port: number; address: string } | null = null;

  /** `targetPort` is on the loopback interface. */
  static async start(targetPort: number): Promise<UdpRelay> {
    const relay = new UdpRelay(targetPort);
    for (const socket of [relay.#inside, relay.#outside]) {
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
    }
    return relay;
  }

  private constructor(targetPort: number) {
    this.#inside = createSocket('udp4');
    this.#outside = createSocket('udp4');
    this.#outside.on('message', (datagram, from) => {
      this.#client = from;
      if (!this.isCut) this.#inside.send(datagram, targetPort, '127.0.0.1');
    });
    this.#inside.on('message', (datagram) => {
      if (!this.isCut && this.#client !== null && !this.#loses(datagram)) {
        this.#outside.send(datagram, this.#client.port, this.#client.address);
      }
    });
  }

  /** RTP packets that were lost so far. */
  get lost(): number {
    return this.#lost;
  }

  /** Where the client sends to. */
  get port(): number {
    return this.#outside.address().port;
  }

  #loses(datagram: Buffer): boolean {
    if (this.losesOneIn === 0 || !isRtp(datagram)) return false;
    this.#count += 1;
    if (this.#count % this.losesOneIn !== 0) return false;
    this.#lost += 1;
    return true;
  }

  close(): void {
    this.#inside.close();
    this.#outside.close();
  }
}
