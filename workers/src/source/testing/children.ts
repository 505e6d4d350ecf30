import { readdir, readFile } from 'node:fs/promises';

/** Process ids of our own children whose command line holds `word`, from /proc. */
export async function childrenWith(word: string): Promise<number[]> {
  const entries = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    entries.map(async (name) => ((await isOurs(name, word)) ? [Number(name)] : [])),
  );
  return found.flat();
}

async function isOurs(pid: string, word: string): Promise<boolean> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    return parent === process.pid && commandLine.includes(word);
  } catch {
    // It ended while we looked.
    return false;
  }
}

/** Waits until `check` holds; throws when it doesn't within `deadlineMs`. */
export async function eventually(
  check: () => boolean | Promise<boolean>,
  deadlineMs = 30_000,
): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!(await check())) {
    if (Date.now() > deadline)
      throw new Error(`It did not come true within ${deadlineMs} ms: ${check.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
