import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const headEnd = '\r\n\r\n';

/** A WebSocket client (RFC 6455) that does as little as can be done for each frame: what a client costs isn't what is measured. */
export class RawSocket {
  readonly #socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  #isUpgraded = false;
  #hear: ((text: Buffer) => void) | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Rejects unless the server agrees to speak WebSocket. */
  static async open(port: number, path: string): Promise<RawSocket> {
    const socket = connect(port, '127.0.0.1').setNoDelay();
    await once(socket, 'connect');
    const own = new RawSocket(socket);
    const key = randomBytes(16).toString('base64');
    const lines = [
      `GET ${path} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${key}`,
    ];
    const upgraded = own.#upgraded();
    socket.write(lines.join('\r\n') + headEnd);
    await upgraded;
    return own;
  }

  /** Who hears the texts that come, as bytes that are good until the call returns; while nobody does (null) they wait. */
  hear(listener: ((text: Buffer) => void) | null): void {
    this.#hear = listener;
    this.#readFrames();
  }

  /** At most 125 bytes. */
  send(text: string): void {
    const payload = Buffer.from(text);
    // A mask of zeros is a mask.
    this.#socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]));
  }

  close(): void {
    this.#socket.destroy();
  }

  #upgraded(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.on('error', reject);
      this.#socket.on('data', (chunk: Buffer) => {
        this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
        if (!this.#isUpgraded) {
          const end = this.#rest.indexOf(headEnd);
          if (end === -1) return;
          const head = this.#rest.subarray(0, end).toString();
          if (!head.startsWith('HTTP/1.1 101')) return reject(new Error(head));
          this.#isUpgraded = true;
          this.#rest = this.#rest.subarray(end + headEnd.length);
          resolve();
        }
        this.#readFrames();
      });
    });
  }

  #readFrames(): void {
    while (this.#hear !== null && this.#isUpgraded) {
      const frame = frameAt(this.#rest);
      if (frame === null) return;
      const text = this.#rest.subarray(frame.begin, frame.end);
      this.#rest = this.#rest.subarray(frame.end);
      if (frame.isText) this.#hear(text);
    }
  }
}

/** A frame that has come whole; servers don't mask (RFC 6455, section 5.2). */
function frameAt(bytes: Buffer): { begin: number; end: number; isText: boolean } | null {
  if (bytes.length < 2) return null;
  const isText = ((bytes[0] ?? 0) & 0x0f) === 1;
  const short = (bytes[1] ?? 0) & 0x7f;
  const extra = short === 126 ? 2 : short === 127 ? 8 : 0;
  const begin = 2 + extra;
  if (bytes.length < begin) return null;
  const length = extra === 0 ? short : extra === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  return bytes.length < begin + length ? null : { begin, end: begin + length, isText };
}
