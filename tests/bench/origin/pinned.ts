/**
 * `--realtime` gives the benchmark's processes the real-time scheduler, so that figures mean something on a machine
 * that has other work too (needs root; everything else stands still meanwhile).
 */
const isRealTime = process.argv.includes('--realtime');

/** Arguments of `taskset` that run a command on one core. */
export const pinned = (core: number, command: readonly string[]): string[] => [
  ...['-c', String(core)],
  ...(isRealTime ? ['chrt', '-r', '1'] : []),
  ...command,
];
