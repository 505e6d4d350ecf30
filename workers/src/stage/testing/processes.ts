import { readdirSync, readFileSync } from 'node:fs';

/** For tests: the processes of the system, as `/proc` tells. */

/** State letter and parent of a process (proc(5)); null when it is gone. */
function statOf(pid: number): { state: string; parent: number } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return null;
  }
}

/** False also for one that has ended and that nobody has asked for its exit code. */
export function isRunning(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== null && stat.state !== 'Z';
}

/** The most memory that a process has taken so far. */
export function mostMemoryBytes(pid: number): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1_024;
}

/** Running children of a process. */
export function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => statOf(pid)?.parent === parent && isRunning(pid));
}

const isStageMedia = (pid: number, what: string): boolean => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(`stage-media\0${what}\0`);
  } catch {
    return false;
  }
};

/** Whether a process is one that composes a stage. */
export const isComposer = (pid: number): boolean => isStageMedia(pid, 'compose');

/** Whether a process is one that receives the RTP of a stage. */
export const isReceiver = (pid: number): boolean => isStageMedia(pid, 'receive');
