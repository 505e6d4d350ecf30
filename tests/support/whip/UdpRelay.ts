import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** RTP and RTCP begin with these (RFC 7983), RTCP types are 192 to 223 in the second byte (RFC 5761). */
const isRtp = (datagram: Buffer): boolean => {
  const [first = 0, second = 0] = datagram;
  return first >= 128 && first <= 191 && (second < 192 || second > 223);
};

const longestQueueMs = 200;

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
  /** RTP streams of the client, by their SSRC, of which nothing gets through. */
  readonly lostStreams = new Set<number>();
  /** How long each takes, one way. */
  delayMs = 0;
  /** How much gets through to the client; what would wait longer than a router's queue lets it is lost. */
  bitsPerSec = Infinity;
  /** Datagrams that came so far, from either side. */
  came = 0;
  #lost = 0;
  /** When the line to the client is free again, by `performance.now()`. */
  #freeAtMs = 0;
  #rtpCount = 0;
  #seed = 1;
  #inside = createSocket('udp4');
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
    this.#outside = createSocket('udp4');
    this.#outside.on('message', (datagram, from) => {
      this.#client = from;
      if (isRtp(datagram) && this.lostStreams.has(datagram.readUInt32BE(8))) this.#lost += 1;
      else this.#pass(() => this.#inside.send(datagram, this.targetPort, '127.0.0.1'));
    });
    this.#inside.on('message', this.#back);
  }

  /** From now on the client comes from another port, as behind a NAT that has forgotten it, or from another network. */
  async rebind(): Promise<void> {
    const inside = createSocket('udp4');
    inside.bind(0, '127.0.0.1');
    await once(inside, 'listening');
    inside.on('message', this.#back);
    this.#inside.close();
    this.#inside = inside;
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

  readonly #back = (datagram: Buffer): void => {
    const client = this.#client;
    if (client === null || this.#losesThisOne(datagram)) return;
    const waitMs = this.#queue(datagram.length);
    if (waitMs === null) this.#lost += 1;
    else this.#pass(() => this.#outside.send(datagram, client.port, client.address), waitMs);
  };

  /** How long a datagram to the client waits for those before it and takes itself; null: it is lost. */
  #queue(byteLength: number): number | null {
    const nowMs = performance.now();
    const takesMs = (byteLength * 8_000) / this.bitsPerSec;
    const freeAtMs = Math.max(nowMs, this.#freeAtMs) + takesMs;
    if (takesMs > 0 && freeAtMs - nowMs > longestQueueMs) return null;
    this.#freeAtMs = freeAtMs;
    return freeAtMs - nowMs;
  }

  #pass(send: () => void, waitMs = 0): void {
    if (this.isCut || this.targetPort === 0) return;
    this.came += 1;
    if (this.#random() < this.loss) {
      this.#lost += 1;
      return;
    }
    if (this.delayMs + waitMs === 0) return send();
    const timer = setTimeout(() => {
      this.#onTheWay.delete(timer);
      send();
    }, this.delayMs + waitMs);
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
