import { Agent, request, type IncomingMessage, type RequestOptions } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { LiveWindow } from '../LiveWindow.ts';
import { OriginServer } from '../OriginServer.ts';
import type { OlderMedia } from '../OlderMedia.ts';
import type { OriginMetrics } from '../http/OriginMetrics.ts';
import type { PlaybackGuard } from '../PlaybackGuard.ts';
import type { PlaybackPlace } from '../PlaybackDirectory.ts';
import { SyntheticFeed, type SyntheticOptions } from './SyntheticFeed.ts';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly text: string;
}

export const nothingOlder: OlderMedia = { open: () => Promise.resolve(null) };

/** Files in memory as older storage, noting what was opened. */
export class MapMedia implements OlderMedia {
  readonly opened: string[] = [];
  readonly #files: ReadonlyMap<string, Buffer>;

  constructor(files: Readonly<Record<string, Buffer | string>>) {
    this.#files = new Map(Object.entries(files).map(([path, bytes]) => [path, Buffer.from(bytes)]));
  }

  open(path: string, range?: { start: number; end?: number }) {
    this.opened.push(path);
    const bytes = this.#files.get(path);
    if (!bytes) return Promise.resolve(null);
    if (!range) return Promise.resolve({ contentLength: bytes.length, body: bytes });
    if (range.start >= bytes.length) return Promise.reject(new RangeError('past the end'));
    const end = Math.min(range.end ?? bytes.length - 1, bytes.length - 1);
    const body = bytes.subarray(range.start, end + 1);
    return Promise.resolve({
      contentLength: body.length,
      body,
      range: { start: range.start, end, size: bytes.length },
    });
  }
}

/** An origin on a free port of loopback, its playbacks, and what it counted. */
export class OriginHarness {
  readonly places = new Map<string, PlaybackPlace>();
  readonly origin: OriginServer;
  /** Requests share connections, as players' do; otherwise each closes its own. */
  keepAlive = false;
  readonly #agent = new Agent({ keepAlive: true });
  readonly counted: { blocked: number; answers: number };

  static async create(guard?: PlaybackGuard): Promise<OriginHarness> {
    const places = new Map<string, PlaybackPlace>();
    const counted = { blocked: 0, answers: 0 };
    const metrics: OriginMetrics = {
      blocked: (change) => (counted.blocked += change),
      answered: () => (counted.answers += 1),
      partOffered() {},
    };
    const directory = { find: (playbackId: string) => places.get(playbackId) ?? null };
    const origin = await OriginServer.create({
      host: '127.0.0.1',
      port: 0,
      directory,
      metrics,
      ...(guard ? { guard } : {}),
    });
    return new OriginHarness(origin, places, counted);
  }

  private constructor(
    origin: OriginServer,
    places: Map<string, PlaybackPlace>,
    counted: { blocked: number; answers: number },
  ) {
    this.origin = origin;
    this.places = places;
    this.counted = counted;
  }

  get url(): string {
    return `http://127.0.0.1:${this.origin.port}`;
  }

  /** A live playback `id` fed by hand. */
  live(id: string, options: SyntheticOptions & { dvrWindowSec?: number; older?: OlderMedia } = {}) {
    const { dvrWindowSec = 60, older = nothingOlder } = options;
    const window = new LiveWindow({ dvrWindowSec, older });
    this.places.set(id, window);
    return { window, feed: new SyntheticFeed((event) => window.apply(event), options).start() };
  }

  get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Reply> {
    return send(`${this.url}${path}`, { headers, method, ...(this.keepAlive ? { agent: this.#agent } : {}) });
  }

  async close(): Promise<void> {
    await this.origin.close();
    this.#agent.destroy();
    for (const place of this.places.values()) if (place instanceof LiveWindow) place.close();
  }
}

/** One request, its path taken literally (nothing is normalised). */
export async function send(url: string, options: RequestOptions = {}): Promise<Reply> {
  const [, origin = '', path = ''] = /^(http:\/\/[^/]+)(.*)$/.exec(url) ?? [];
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    const { hostname, port } = new URL(origin);
    const outgoing = request({ hostname, port, path, agent: false, ...options });
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
    outgoing.end();
  });
  const body = await buffer(incoming);
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body, text: body.toString() };
}

/** Waits for something that comes by itself; fails after `deadlineMs`. */
export async function eventually(condition: () => boolean, deadlineMs = 30_000): Promise<void> {
  const endMs = Date.now() + deadlineMs;
  while (!condition()) {
    if (Date.now() > endMs) throw new Error(`Not so within ${deadlineMs} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
