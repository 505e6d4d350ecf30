import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { verifyRelayToken } from '@maydan/common';

/** Begins in black, as recordings do. */
const picture = "testsrc2=s=320x180:r=30,drawbox=c=black:t=fill:enable='lt(t,0.9)'";
/** Picture and sound at real-time speed, as a publisher sends them; small, so that tests cost little. */
const publish = [
  ...['-v', 'error', '-nostdin', '-re', '-f', 'lavfi', '-i', picture],
  ...['-re', '-f', 'lavfi', '-i', 'sine=f=440:r=48000'],
  ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p'],
  ...['-g', '30', '-b:v', '300k', '-c:a', 'aac', '-b:a', '96k', '-f', 'flv', 'pipe:1'],
];

/**
 * For tests: stands where ingest does. Serves HTTP-FLV to bearers of a relay token, from a real ffmpeg per connection;
 * `hangUp` ends the connections, as when the publisher goes.
 */
export class FlvRelay {
  readonly #server: Server;
  readonly #publishers = new Set<ChildProcess>();
  /** Requests turned away for want of a valid token. */
  refused = 0;
  /** Requests answered with a stream. */
  played = 0;
  /** While true requests are answered as by an ingest that has no such publish. */
  isGone = false;

  /** `publishArguments`: what ffmpeg writes FLV to `pipe:1` with; default a moving picture with a tone. */
  static async create(internalSecret: string, publishArguments = publish): Promise<FlvRelay> {
    const relay = new FlvRelay(internalSecret, publishArguments);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  constructor(internalSecret: string, publishArguments: readonly string[]) {
    this.#server = createServer((request, response) => {
      const path = (request.url ?? '').split('?')[0] ?? '';
      try {
        verifyRelayToken(internalSecret, (request.headers.authorization ?? '').replace('Bearer ', ''), path);
      } catch {
        this.refused += 1;
        response.writeHead(401).end();
        return;
      }
      if (this.isGone) {
        response.writeHead(404).end();
        return;
      }
      this.played += 1;
      const publisher = spawn(process.env['FFMPEG_PATH'] ?? 'ffmpeg', publishArguments, {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      this.#publishers.add(publisher);
      publisher.once('close', () => this.#publishers.delete(publisher));
      response.writeHead(200, { 'content-type': 'video/x-flv' });
      publisher.stdout.pipe(response);
      response.once('close', () => publisher.kill('SIGKILL'));
    });
  }

  urlOf(sessionId: string, epoch: number): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/relay/${sessionId}/${epoch}.flv`;
  }

  hangUp(): void {
    for (const publisher of this.#publishers) publisher.kill('SIGTERM');
  }

  async close(): Promise<void> {
    for (const publisher of this.#publishers) publisher.kill('SIGKILL');
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
