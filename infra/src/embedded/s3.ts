import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './freePort.ts';
import { ManagedProcess } from '../process/ManagedProcess.ts';
import type { ProcessExit } from '../process/ManagedProcess.ts';
import { waitUntilReady } from '../process/waitUntil.ts';

export interface S3Options {
  /** Folder of the objects; made when missing. */
  dir: string;
  /** TCP port on loopback; a free one when not given. */
  port?: number;
  bucket?: string;
  /** Generated when not given. */
  accessKeyId?: string;
  secretAccessKey?: string;
  log?: (line: string) => void;
}

export interface EmbeddedS3 {
  /** `http://127.0.0.1:port`; path-style addressing. */
  endpoint: string;
  port: number;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
  pid: number;
  exited: Promise<ProcessExit>;
  /** For tests of outages: SIGSTOP and SIGCONT pause the server and let it go on. */
  kill: (signal: NodeJS.Signals) => boolean;
  close: () => Promise<void>;
}

const READY_DEADLINE_MS = 60_000;
const START_ATTEMPTS = 3;
const program = fileURLToPath(new URL('./s3Server.ts', import.meta.url));

/**
 * Starts an S3-protocol server (s3rver) with one bucket. Clients must set `forcePathStyle` and
 * `requestChecksumCalculation: 'WHEN_REQUIRED'`: it does not know the SDK's default body framing.
 * @throws Error with the server's last lines when it does not come up.
 */
export async function startS3(options: S3Options): Promise<EmbeddedS3> {
  if (options.port !== undefined) return startAt(options, options.port);
  for (let attempt = 1; ; attempt++) {
    try {
      return await startAt(options, await freePort());
    } catch (error) {
      // A port that was free may be gone.
      if (attempt === START_ATTEMPTS) throw error;
    }
  }
}

async function startAt(options: S3Options, port: number): Promise<EmbeddedS3> {
  const dir = resolve(options.dir);
  const bucket = options.bucket ?? 'maydan';
  const accessKeyId = options.accessKeyId ?? randomBytes(10).toString('hex');
  const secretAccessKey = options.secretAccessKey ?? randomBytes(20).toString('hex');
  await mkdir(dir, { recursive: true });
  let isListening = false;
  const child = new ManagedProcess({
    name: 's3rver',
    command: process.execPath,
    args: ['--disable-warning=DEP0169', '--disable-warning=ExperimentalWarning', program],
    env: {
      PATH: process.env['PATH'],
      S3_DIR: dir,
      S3_PORT: String(port),
      S3_BUCKET: bucket,
      S3_ACCESS_KEY_ID: accessKeyId,
      S3_SECRET_ACCESS_KEY: secretAccessKey,
    },
    stopTimeoutMs: 5_000,
    onLine: (line) => {
      isListening ||= line === `listening ${port}`;
      options.log?.(line);
    },
  });
  await waitUntilReady(child, () => isListening, READY_DEADLINE_MS);
  return {
    endpoint: `http://127.0.0.1:${port}`,
    port,
    bucket,
    accessKeyId,
    secretAccessKey,
    pid: child.pid,
    exited: child.exited,
    kill: (signal) => child.kill(signal),
    close: async () => {
      await child.stop();
    },
  };
}
