import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { aacConfigTag, aacFrameTag, avcConfigTag, avcFrameTag, flvTag } from '../../source/flv/writeFlv.ts';

const flvHeader = Buffer.from([0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0]);
const frameMs = 40;
/** Of a publish that has gone on for long: targets see times from 0 on nevertheless. */
const firstMs = 0xffffff00;

/** For tests: a relay whose frames are well-formed outside and empty inside, as large as they are told. Who starts it closes it. */
export class FrameRelay {
  frameBytes = 200;
  codec: 'avc' | 'hevc' = 'avc';
  played = 0;
  /** Most bytes that ever waited here for a player. */
  mostWaiting = 0;
  readonly #server: Server;
  readonly #timers = new Map<ServerResponse, NodeJS.Timeout>();

  static async start(): Promise<FrameRelay> {
    const relay = new FrameRelay();
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  constructor() {
    this.#server = createServer((_request, response) => this.#play(response));
  }

  urlOf(sessionId: string, epoch: number): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/relay/${sessionId}/${epoch}.flv`;
  }

  /** The publisher goes. */
  hangUp(): void {
    for (const response of this.#timers.keys()) response.end();
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #play(response: ServerResponse): void {
    this.played += 1;
    let count = 0;
    response.writeHead(200, { 'content-type': 'video/x-flv' });
    response.write(Buffer.concat([flvHeader, this.#config(), aacConfigTag(0, Buffer.from([0x11, 0x90]))]));
    const timer = setInterval(() => {
      const timeMs = (firstMs + count * frameMs) >>> 0;
      response.write(
        Buffer.concat([this.#frame(timeMs, count % 25 === 0), aacFrameTag(timeMs, Buffer.alloc(20))]),
      );
      this.mostWaiting = Math.max(this.mostWaiting, response.writableLength);
      count += 1;
    }, frameMs);
    this.#timers.set(response, timer);
    response.on('close', () => {
      clearInterval(timer);
      this.#timers.delete(response);
    });
  }

  #config(): Buffer {
    if (this.codec === 'avc') return avcConfigTag(0, Buffer.from([1, 0x42, 0, 30]));
    return flvTag('video', 0, [0x90, ...Buffer.from('hvc1')], Buffer.from([1]));
  }

  #frame(timeMs: number, key: boolean): Buffer {
    const data = Buffer.alloc(this.frameBytes);
    if (this.codec === 'avc') return avcFrameTag(timeMs, { key, compositionMs: 0, data });
    return flvTag('video', timeMs, [key ? 0x93 : 0xa3, ...Buffer.from('hvc1')], data);
  }
}
