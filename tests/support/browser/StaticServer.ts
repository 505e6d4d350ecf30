import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.jpg': 'image/jpeg',
  '.vtt': 'text/vtt',
  '.mp4': 'video/mp4',
  '.m4s': 'video/iso.segment',
  '.m3u8': 'application/vnd.apple.mpegurl',
};

/** Answers a request itself (true), or leaves it to the files (false). */
export type Interceptor = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

/** Serves a folder on a free port of the loopback interface, with byte ranges and CORS; for tests only. */
export class StaticServer {
  readonly server: Server;
  private readonly root: string;
  private readonly intercept: Interceptor;

  static async start(root: string, intercept: Interceptor = () => false): Promise<StaticServer> {
    const created = new StaticServer(root, intercept);
    await new Promise<void>((resolve) => created.server.listen(0, '127.0.0.1', resolve));
    return created;
  }

  private constructor(root: string, intercept: Interceptor) {
    this.root = root;
    this.intercept = intercept;
    this.server = createServer((request, response) => void this.answer(request, response));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('access-control-allow-origin', '*');
    try {
      if (await this.intercept(request, response)) return;
      const { pathname } = new URL(request.url ?? '/', 'http://x');
      await this.sendFile(join(this.root, normalize(decodeURIComponent(pathname))), request, response);
    } catch {
      if (!response.headersSent) response.writeHead(404);
      response.end();
    }
  }

  /** Sends a file, or the range of it that was asked for. Rejects when there is none. */
  async sendFile(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { size } = await stat(path);
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const start = Number(range?.[1] ?? 0);
    const end = Math.min(size - 1, Number(range?.[2] || size - 1));
    response.writeHead(range ? 206 : 200, {
      'content-type': mediaTypes[extname(path)] ?? 'application/octet-stream',
      'content-length': end - start + 1,
      'accept-ranges': 'bytes',
      ...(range ? { 'content-range': `bytes ${start}-${end}/${size}` } : {}),
    });
    const file = createReadStream(path, { start, end });
    file.on('error', () => response.destroy());
    file.pipe(response);
  }
}
