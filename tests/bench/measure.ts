import { readdirSync, readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

export const median = (values: readonly number[]): number => percentile(values, 50);

/** Nearest-rank percentile; NaN of nothing. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

interface ProcessTimes {
  readonly parent: number;
  readonly ticks: number;
}

const ticksPerSec = 100;

function readProcess(pid: number): ProcessTimes | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // utime, stime, and those of children that were waited for (proc(5), fields 14–17).
    const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
    return { parent: Number(fields[1]), ticks };
  } catch {
    return null;
  }
}

/** CPU seconds so far of a process, its living descendants and those that have ended below it. */
export function cpuSecondsOfTree(root: number): number {
  return [...cpuSecondsByRole(root, () => '').values()].reduce((sum, seconds) => sum + seconds, 0);
}

/** The same, summed by what `roleOf` says of a process and its command line. What has ended counts for its parent. */
export function cpuSecondsByRole(
  root: number,
  roleOf: (pid: number, commandLine: string) => string,
): Map<string, number> {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const processes = new Map(pids.map((pid) => [pid, readProcess(pid)] as const));
  const seconds = new Map<string, number>();
  for (const [pid, times] of processes) {
    if (times === null || !isBelow(pid, root, processes)) continue;
    const role = roleOf(pid, commandLineOf(pid));
    seconds.set(role, (seconds.get(role) ?? 0) + times.ticks / ticksPerSec);
  }
  return seconds;
}

/** Arguments with blanks between them; empty when the process has just ended. */
function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

function isBelow(pid: number, root: number, processes: ReadonlyMap<number, ProcessTimes | null>): boolean {
  let current = pid;
  while (current > 1) {
    if (current === root) return true;
    current = processes.get(current)?.parent ?? 0;
  }
  return false;
}

export interface BenchRow {
  readonly name: string;
  readonly value: string;
  readonly bar: string;
  readonly ok: boolean;
}

/** Prints a table as it is pasted into docs/benchmarks.md. */
export function printRows(title: string, rows: readonly BenchRow[]): void {
  const lines = rows.map(
    (row) => `| ${row.name} | ${row.value} | ${row.bar} | ${row.ok ? 'yes' : '**no**'} |`,
  );
  console.log(
    [`\n### ${title}`, '', '| What | Measured | Bar | Met |', '| --- | --- | --- | --- |', ...lines, ''].join(
      '\n',
    ),
  );
}

export function machine(): string {
  return `${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
}
