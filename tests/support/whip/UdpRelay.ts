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
  /** On the loopback interface; nothing gets through while it is 0. */
  targetPort: number;
  /** Of the RTP packets to the client each one of so many is lost, those sent again among them; 0: none. */
  losesOneIn = 0;
  /** Share (0 to 1) of all datagrams that get lost at random, in either direction. */
  loss = 0;
  /** How long each takes, one way. */
  delayMs = 0;
  /** Datagrams that came so far, from either side. */
  came = 0;
  #lost = 0;
  #rtpCount = 0;
  #seed = 1;
  readonly #inside: Socket;
  readonly #outside: Socket;
  readonly #onTheWay = new Set<NodeJS.Timeout>();
  #client: { port: number; address: string } | null = null;

  static async start(targetPort: number): Promise<UdpRelay> {
    const relay = new UdpRelay(targetPort);
    for (const socket of [relay.#inside, relay.#outside]) {
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
    }
    return relay;
  }

  private constructor(targetPort: number) {
    this.targetPort = targetPort;
    this.#inside = createSocket('udp4');
    this.#outside = createSocket('udp4');
    this.#outside.on('message', (datagram, from) => {
      this.#client = from;
      this.#pass(() => this.#inside.send(datagram, this.targetPort, '127.0.0.1'));
    });
    this.#inside.on('message', (datagram) => {
      const client = this.#client;
      if (client === null || this.#losesThisOne(datagram)) return;
      this.#pass(() => this.#outside.send(datagram, client.port, client.address));
    });
  }

  /** Datagrams that were lost so far. */
  get lost(): number {
    return this.#lost;
  }

  /** Where the client sends to. */
  get port(): number {
    return this.#outside.address().port;
  }

  close(): void {
    for (const timer of this.#onTheWay) clearTimeout(timer);
    this.#inside.close();
    this.#outside.close();
  }

  #pass(send: () => void): void {
    if (this.isCut || this.targetPort === 0) return;
    this.came += 1;
    if (this.#random() < this.loss) {
      this.#lost += 1;
      return;
    }
    if (this.delayMs === 0) return send();
    const timer = setTimeout(() => {
      this.#onTheWay.delete(timer);
      send();
    }, this.delayMs);
    this.#onTheWay.add(timer);
  }

  #losesThisOne(datagram: Buffer): boolean {
    if (this.losesOneIn === 0 || !isRtp(datagram)) return false;
    this.#rtpCount += 1;
    if (this.#rtpCount % this.losesOneIn !== 0) return false;
    this.#lost += 1;
    return true;
  }

  /** The same in each run of a test. */
  #random(): number {
    this.#seed = (this.#seed * 16_807) % 2_147_483_647;
    return this.#seed / 2_147_483_647;
  }
}
