import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@maydan/common';
import { playbackKeys } from '@maydan/contracts';
import { FenceLostError, type Fence } from '../live/Fence.ts';
import { backOffMs, pause } from '../storage/backOff.ts';
import type { ObjectStore } from '../storage/ObjectStore.ts';
import type { Recording } from './Recording.ts';
import { vodPlaylists, type VodFile } from './vodPlaylists.ts';

export interface VodResult {
  /** False when nothing could be recorded. */
  readonly recorded: boolean;
  readonly durationMs: number;
  readonly byteLength: number;
  /** False when the storage didn't take everything in all the time it was given; the rest stays in the spool. */
  readonly complete: boolean;
}

export interface FinaliseOptions {
  readonly recording: Recording;
  readonly store: ObjectStore;
  readonly fence: Fence;
  readonly log: Logger;
  /** Aborted when this run is to stop; `finaliseVod` then rejects. */
  readonly signal: AbortSignal;
  /** How long the storage may make no progress before what is missing is given up. */
  readonly patienceMs: number;
}

const checkMs = 250;
const retry = { firstMs: 250, maxMs: 5_000 };

/**
 * Ends a recording: waits until everything is stored and writes the playlists, the multivariant one last. Takes the time
 * of the last segment's upload, however long the recording is. Rejects with FenceLostError when a newer run exists.
 */
export async function finaliseVod(options: FinaliseOptions): Promise<VodResult> {
  const { recording, log, fence } = options;
  await recording.journal.flush();
  const complete = await uploadsDone(options);
  const playlists = vodPlaylists(recording.history, (path) => recording.isStored(path));
  if (playlists === null) return { recorded: false, durationMs: 0, byteLength: 0, complete };
  const multivariant = playlists.files.at(-1);
  const others = playlists.files.slice(0, -1);
  await fence.check();
  const written = await Promise.all(others.map((file) => write(options, file)));
  await fence.check();
  const visible =
    multivariant !== undefined && written.every(Boolean) && (await write(options, multivariant));
  if (!visible) log.error('the playlists of the recording could not be stored');
  const { durationMs, byteLength } = playlists;
  return { recorded: visible, durationMs, byteLength, complete: complete && visible };
}

/** False when there was no progress for `patienceMs`. */
async function uploadsDone({ recording, signal, patienceMs, log }: FinaliseOptions): Promise<boolean> {
  let isDone = false;
  void recording.uploads.drained().then(() => (isDone = true));
  let leastBytes = Infinity;
  let progressAt = Date.now();
  // The first look comes after the promise above had its turn: nothing to wait for is the usual case.
  for (let waitMs = 0; !isDone; waitMs = checkMs) {
    await delay(waitMs, undefined, { signal });
    const { lagBytes } = recording.uploads;
    if (lagBytes < leastBytes) progressAt = Date.now();
    leastBytes = Math.min(leastBytes, lagBytes);
    if (Date.now() - progressAt <= patienceMs) continue;
    log.error({ lagBytes }, 'the storage took nothing for too long; the recording ends with what it has');
    return false;
  }
  signal.throwIfAborted();
  return true;
}

async function write(options: FinaliseOptions, { path, text }: VodFile): Promise<boolean> {
  const { store, fence, signal, patienceMs, log } = options;
  const key = playbackKeys.s3Prefix(fence.playbackId) + path;
  const giveUpAt = Date.now() + patienceMs;
  for (let attempt = 1; Date.now() < giveUpAt; attempt += 1) {
    signal.throwIfAborted();
    try {
      await store.put(key, Buffer.from(text), { signal });
      return true;
    } catch (error) {
      if (error instanceof FenceLostError) throw error;
      log.warn({ err: error, path }, 'playlist not stored yet');
      await pause(backOffMs(attempt, retry), signal);
    }
  }
  return false;
}

/** Forgets what only a takeover needs, once the recording is complete. The fence stays a while for stale runs. */
export async function forgetTakeover(fence: Fence): Promise<void> {
  await fence.write('DEL', playbackKeys.segments(fence.playbackId));
  await fence.write('EXPIRE', playbackKeys.fence(fence.playbackId), 24 * 3600);
}
