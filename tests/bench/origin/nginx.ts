import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pinned } from './pinned.ts';
import { waitFor } from '../../support/waitFor.ts';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** One worker, everything that makes static files fast, the headers that our origin sends. */
const configuration = (folder: string, port: number): string => `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
worker_rlimit_nofile 16384;
events { worker_connections 8192; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  keepalive_requests 100000000;
  keepalive_timeout 75s;
  open_file_cache max=100;
  open_file_cache_valid 60s;
  gzip_static on;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  types { application/vnd.apple.mpegurl m3u8; video/iso.segment m4s; }
  server {
    listen 127.0.0.1:${port} backlog=8192;
    root ${folder}/files;
    add_header Access-Control-Allow-Origin *;
    add_header Access-Control-Expose-Headers "Content-Length, Content-Range, Date, ETag, Age";
    add_header Timing-Allow-Origin *;
    add_header Cache-Control "public, max-age=1";
    add_header Vary Accept-Encoding;
  }
}
`;

/** nginx on one core, serving the same bytes as static files. */
export class Nginx {
  readonly port: number;
  readonly #folder: string;
  readonly #child: ChildProcess;

  static async start(core: number, files: Readonly<Record<string, Buffer>>): Promise<Nginx> {
    const folder = await mkdtemp(join(tmpdir(), 'maydan-bench-nginx-'));
    const port = await freePort();
    await mkdir(join(folder, 'files'), { recursive: true });
    for (const [name, bytes] of Object.entries(files)) {
      await writeFile(join(folder, 'files', name), bytes);
      if (name.endsWith('.m3u8')) await writeFile(join(folder, 'files', `${name}.gz`), gzipSync(bytes));
    }
    await writeFile(join(folder, 'nginx.conf'), configuration(folder, port));
    const config = ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')];
    const child = spawn('taskset', pinned(core, ['nginx', ...config]), { stdio: 'ignore' });
    const nginx = new Nginx(port, folder, child);
    await waitFor('nginx', async () => (await fetch(`http://127.0.0.1:${port}/`)).status > 0);
    return nginx;
  }

  private constructor(port: number, folder: string, child: ChildProcess) {
    this.port = port;
    this.#folder = folder;
    this.#child = child;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode === null) {
      this.#child.kill('SIGTERM');
      await once(this.#child, 'exit');
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}
