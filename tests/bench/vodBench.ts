import { Publisher } from '../support/publish/Publisher.ts';
import { publishArguments } from '../support/publish/testPattern.ts';
import { TestStack } from '../support/TestStack.ts';
import { waitFor } from '../support/waitFor.ts';
import { median, printRows, type BenchRow } from './measure.ts';

const barMs = 3_000;

async function text(url: string): Promise<string> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response.text();
}

/** True when every rendition's playlist is finished and its first and last segments can be fetched. */
async function isPlayable(hlsUrl: string): Promise<boolean> {
  const multivariant = await text(hlsUrl);
  const playlists = [...multivariant.matchAll(/^[^#\s].*\.m3u8$/gm)].map(
    (match) => new URL(match[0], hlsUrl).href,
  );
  if (playlists.length === 0) return false;
  for (const url of playlists) {
    const playlist = await text(url);
    if (!playlist.includes('#EXT-X-ENDLIST')) return false;
    const segments = [...playlist.matchAll(/^[^#\s].*$/gm)].map((match) => new URL(match[0], url).href);
    for (const segment of [segments[0], segments.at(-1)]) {
      if (segment === undefined || !(await fetch(segment)).ok) return false;
    }
  }
  return true;
}

interface Took {
  /** Until every playlist has its end and its first and last segments are answered. */
  readonly playableMs: number;
  /** Until the api says `ended`: all playlists are in the storage. */
  readonly storedMs: number;
}

async function measure(stack: TestStack, seconds: number): Promise<Took> {
  const api = await stack.broadcaster();
  const pattern = { width: 320, height: 180, frameRate: 25, keyFrameIntervalSec: 2 };
  const publisher = Publisher.run([...publishArguments(pattern), stack.publishUrl()]);
  try {
    const session = await stack.waitForLive();
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const endedAt = performance.now();
    await api.sessions.end({ id: session.id });
    await waitFor('a playable recording', () => isPlayable(session.playback.hlsUrl), {
      timeoutMs: 60_000,
      everyMs: 20,
    });
    const playableMs = performance.now() - endedAt;
    await stack.waitForState(session.id, 'ended', 60_000);
    return { playableMs, storedMs: performance.now() - endedAt };
  } finally {
    await publisher.stop();
  }
}

/** End of the session to its recording playable from storage, for short and long sessions. */
export async function run(rounds = 3): Promise<boolean> {
  const rows: BenchRow[] = [];
  for (const [minutes, count] of [
    [1, rounds],
    [10, 1],
  ] as const) {
    const results: Took[] = [];
    for (let round = 0; round < count; round++) {
      const stack = await TestStack.start();
      try {
        results.push(await measure(stack, minutes * 60));
        console.log(`${minutes} min, round ${round + 1}: ${JSON.stringify(results.at(-1))}`);
      } finally {
        await stack.close();
      }
    }
    const row = (name: string, value: number): BenchRow => ({
      name: `end to ${name}, ${minutes} min, median of ${count}`,
      value: `${Math.round(value)} ms`,
      bar: `≤ ${barMs} ms`,
      ok: value <= barMs,
    });
    rows.push(row('playable recording', median(results.map(({ playableMs }) => playableMs))));
    rows.push(row('recording stored', median(results.map(({ storedMs }) => storedMs))));
  }
  printRows('vod', rows);
  return rows.every((row) => row.ok);
}
