import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ClipMessage } from '../../../tests/support/publish/enhancedClip.ts';
import { verifyRelayToken } from '@maydan/common';
import { flvHeader, flvTag } from '../source/flv/writeFlv.ts';
import type { TimedTag } from '../source/testing/flvStream.ts';

/** Begins in black, as recordings do. */
const picture = "testsrc2=s=320x180:r=30,drawbox=c=black:t=fill:enable='lt(t,0.9)'";
/** Picture and sound at real-time speed, as a publisher sends them; small, so that tests cost little. */
const publish = [
  ...['-v', 'error', '-nostdin', '-re', '-f', 'lavfi', '-i', picture],
  ...['-re', '-f', 'lavfi', '-i', 'sine=f=440:r=48000'],
  ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p'],
  ...['-g', '30', '-b:v', '300k', '-c:a', 'aac', '-b:a', '96k', '-f', 'flv', 'pipe:1'],
];

/** Writes FLV as a publisher would; returns what ends it. */
export type FlvFeed = (response: ServerResponse) => () => void;

/** What an ffmpeg writes with these arguments to `pipe:1`; `onData` is told of it first. */
export const ffmpegFeed =
  (publishArguments: readonly string[], onData?: (bytes: Buffer) => void): FlvFeed =>
  (response) => {
    const publisher = spawn(process.env['FFMPEG_PATH'] ?? 'ffmpeg', publishArguments, {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (onData !== undefined) publisher.stdout.on('data', onData);
    publisher.stdout.pipe(response);
    response.once('close', () => publisher.kill('SIGKILL'));
    return () => publisher.kill('SIGTERM');
  };

/** A clip's messages as tags that come at their own times. */
export const timedTags = (clip: readonly ClipMessage[]): TimedTag[] =>
  clip.map(({ kind, timestampMs, payload }) => ({
    atMs: timestampMs,
    tag: { type: kind, timestampMs, body: payload },
  }));

/** Each tag at its time, from the first one on; afterwards silence. */
export const timedFeed =
  (tags: readonly TimedTag[]): FlvFeed =>
  (response) => {
    const startedMs = performance.now();
    let next = 0;
    response.write(flvHeader({ video: true, audio: true }));
    const timer = setInterval(() => {
      const dueMs = performance.now() - startedMs;
      for (; (tags[next]?.atMs ?? Infinity) <= dueMs; next += 1) {
        const { type, timestampMs, body } = tags[next]!.tag;
        response.write(flvTag(type, timestampMs, [], body));
      }
    }, 5);
    response.once('close', () => clearInterval(timer));
    return () => response.end();
  };

/**
 * For tests: stands where ingest does. Serves HTTP-FLV to bearers of a relay token, from a feed of its own per connection;
 * `hangUp` ends the connections, as when the publisher goes.
 */
export class FlvRelay {
  readonly #server: Server;
  readonly #feeds = new Map<ServerResponse, () => void>();
  /** Of the connections that begin from now on. */
  feed: FlvFeed;
  /** Requests turned away for want of a valid token. */
  refused = 0;
  /** Requests answered with a stream. */
  played = 0;
  /** While true requests are answered as by an ingest that has no such publish. */
  isGone = false;

  /** `feed`: default a moving picture with a tone. */
  static async create(internalSecret: string, feed = ffmpegFeed(publish)): Promise<FlvRelay> {
    const relay = new FlvRelay(internalSecret, feed);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  constructor(internalSecret: string, feed: FlvFeed) {
    this.feed = feed;
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
      response.writeHead(200, { 'content-type': 'video/x-flv' });
      this.#feeds.set(response, this.feed(response));
      response.once('close', () => this.#feeds.delete(response));
    });
  }

  urlOf(sessionId: string, epoch: number): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/relay/${sessionId}/${epoch}.flv`;
  }

  hangUp(): void {
    for (const end of this.#feeds.values()) end();
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
