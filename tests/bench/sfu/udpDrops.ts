import { readFileSync } from 'node:fs';

/** Datagrams that the kernel threw away because a socket's buffer was full, summed over local ports (proc(5), `net/udp`). */
export function udpDrops(ports: ReadonlySet<number>): number {
  const [, ...sockets] = readFileSync('/proc/net/udp', 'utf8').trim().split('\n');
  return sockets.reduce((sum, line) => {
    const fields = line.trim().split(/\s+/);
    const port = Number.parseInt(fields[1]?.split(':')[1] ?? '', 16);
    return ports.has(port) ? sum + Number(fields.at(-1)) : sum;
  }, 0);
}
