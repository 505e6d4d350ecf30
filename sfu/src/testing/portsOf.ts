import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const listening = '0A';

/** Ports at which a process receives UDP or takes TCP connections, as the kernel tells (proc(5), `net/udp`). */
export function portsOf(pid: number): number[] {
  const own = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => inodeOf(`/proc/${pid}/fd/${fd}`)));
  return ['udp', 'udp6', 'tcp', 'tcp6'].flatMap((net) => {
    const [, ...lines] = readFileSync(`/proc/net/${net}`, 'utf8').trim().split('\n');
    return lines.flatMap((line) => {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
      if (!own.has(inode) || (net.startsWith('tcp') && state !== listening)) return [];
      return [Number.parseInt(local.split(':')[1] ?? '', 16)];
    });
  });
}

/** Processes that a process has started; those of its main thread. */
export function childrenOf(pid: number): number[] {
  const listed = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return listed === '' ? [] : listed.split(' ').map(Number);
}

/** Of a socket; else an empty text. */
function inodeOf(file: string): string {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(file))?.[1] ?? '';
  } catch {
    // It was closed while we looked.
    return '';
  }
}
