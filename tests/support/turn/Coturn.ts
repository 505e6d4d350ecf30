import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createSocket } from 'node:dgram';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@maydan/infra';
import { parse } from 'yaml';
import { z } from 'zod';
import { waitFor } from '../waitFor.ts';

/** Binding Request (RFC 8489 5) without attributes; a TURN server answers it to anybody. */
const bindingRequest = Buffer.from('000100002112a442' + '0'.repeat(24), 'hex');

const composeFile = new URL('../../../docker-compose.yml', import.meta.url);
const composeSchema = z.object({
  services: z.object({ coturn: z.object({ command: z.array(z.string()) }) }),
});

/** Debian's TURN server on the loopback interface, with the limits of docker-compose.yml. Who starts it closes it. */
export class Coturn {
  /** For `TURN_URLS`. */
  readonly url: string;
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #dir: string;

  /** Takes credentials made with `secret` (`use-auth-secret`). */
  static async start(secret: string): Promise<Coturn> {
    const dir = await mkdtemp(join(tmpdir(), 'maydan-turn-'));
    const port = await freePort();
    const file = join(dir, 'turnserver.conf');
    // The secret isn't for the list of processes.
    await writeFile(file, configuration(port, secret, dir) + (await limits()), { mode: 0o600 });
    const child = spawn('turnserver', ['-c', file], { stdio: 'ignore' });
    const turn = new Coturn(port, child, dir);
    try {
      await waitFor('coturn to answer', () => answers(port), { timeoutMs: 30_000 });
      return turn;
    } catch (error) {
      await turn.close();
      throw error;
    }
  }

  private constructor(port: number, child: ChildProcess, dir: string) {
    this.port = port;
    this.url = `turn:127.0.0.1:${port}?transport=udp`;
    this.#child = child;
    this.#dir = dir;
    // That it didn't start is seen by nobody answering.
    child.on('error', () => undefined);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await gone;
    }
    await rm(this.#dir, { recursive: true, force: true });
  }
}

function configuration(port: number, secret: string, dir: string): string {
  return [
    ...['listening-ip=127.0.0.1', 'relay-ip=127.0.0.1', `listening-port=${port}`, 'min-port=49152'],
    ...['max-port=65535', 'use-auth-secret', `static-auth-secret=${secret}`, 'realm=maydan', 'fingerprint'],
    // The sfu of the tests is on this machine, which a real TURN server has to keep its clients from.
    ...['allow-loopback-peers', 'allowed-peer-ip=127.0.0.1', 'no-cli', 'no-tls', 'no-dtls', 'no-rfc5780'],
    ...['log-file=/dev/null', `pidfile=${join(dir, 'pid')}`, `userdb=${join(dir, 'db')}`, ''],
  ].join('\n');
}

/** Whom the deployed one relays to, and how much. */
async function limits(): Promise<string> {
  const { command } = composeSchema.parse(parse(await readFile(composeFile, 'utf8'))).services.coturn;
  const wanted = /^--((no-tcp-relay|no-multicast-peers|denied-peer-ip|user-quota|total-quota)(=.*)?)$/;
  return command
    .flatMap((option) => wanted.exec(option)?.[1] ?? [])
    .map((line) => `${line}\n`)
    .join('');
}

async function answers(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  socket.on('error', () => undefined);
  const answered = once(socket, 'message', { signal: AbortSignal.timeout(500) }).then(
    () => true,
    () => false,
  );
  socket.send(bindingRequest, port, '127.0.0.1');
  const isThere = await answered;
  socket.close();
  return isThere;
}
