import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** Passes datagrams between one client and a port of this machine; it can be cut and mended like a network. */
export class UdpRelay {
  /** While true nothing gets through, in either direction. */
  isCut = false;
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
      if (!this.isCut && this.#client !== null) {
        this.#outside.send(datagram, this.#client.port, this.#client.address);
      }
    });
  }

  /** Where the client sends to. */
  get port(): number {
    return this.#outside.address().port;
  }

  close(): void {
    this.#inside.close();
    this.#outside.close();
  }
}
