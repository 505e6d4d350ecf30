import { createWriteStream } from 'node:fs';
import { mkdtemp, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { FactWriter, Logger } from '@maydan/common';
import { mediaKeys, type JobData, type MediaOutcome } from '@maydan/contracts';
import type { ObjectStore } from '../storage/ObjectStore.ts';
import { contentOf, headBytes } from './contentOf.ts';
import { processImage, processPlayable, Refusal, type Made, type Programs } from './processUpload.ts';

export interface MediaDeps extends Programs {
  readonly store: ObjectStore;
  readonly facts: FactWriter;
  /** For files under way. */
  readonly folder: string;
}

type CheckData = JobData<'media.check'>;

const folderPrefix = 'media-';
const abandonedMs = 3 * 3_600_000;

/**
 * Looks at the content of an upload and stores what may be given out of it; the upload itself stays, so that a check that
 * was killed is simply done again, with the same result. Rejects for reasons of ours only.
 */
export async function checkMedia(
  data: CheckData,
  deps: MediaDeps,
  { logger, signal }: { logger: Logger; signal: AbortSignal },
): Promise<void> {
  const folder = await mkdtemp(join(deps.folder, folderPrefix));
  try {
    const outcome = await check(data, deps, folder, signal);
    logger.info({ mediaId: data.mediaId, ...outcome }, 'a file was checked');
    deps.facts.append({
      ...{ type: 'media.checked', at: new Date().toISOString() },
      ...{ mediaId: data.mediaId, outcome },
    });
    await deps.facts.flush();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Removes from the storage; again it finds nothing. */
export async function removeMedia(
  { mediaId, what }: JobData<'media.remove'>,
  { store, facts }: Pick<MediaDeps, 'store' | 'facts'>,
): Promise<void> {
  await store.removePrefix(mediaKeys.uploads(mediaId));
  if (what !== 'upload') await store.removePrefix(mediaKeys.folder(mediaId));
  facts.append({ type: 'media.removed', at: new Date().toISOString(), mediaId, what });
  await facts.flush();
}

/** What killed processes left in the folder. */
export async function removeAbandoned(folder: string, now = Date.now()): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(folderPrefix)) continue;
    const path = join(folder, name);
    const { mtimeMs } = await stat(path);
    if (now - mtimeMs > abandonedMs) await rm(path, { recursive: true, force: true });
  }
}

async function check(
  data: CheckData,
  deps: MediaDeps,
  folder: string,
  signal: AbortSignal,
): Promise<MediaOutcome> {
  try {
    const made = await make(data, deps, folder, signal);
    for (const { name, path } of made.files) {
      await deps.store.putFile(mediaKeys.folder(data.mediaId) + name, path, { signal });
    }
    return { result: 'ready', ...made.facts };
  } catch (error) {
    if (error instanceof Refusal) return { result: 'refused', reason: error.reason };
    throw error;
  }
}

async function make(data: CheckData, deps: MediaDeps, folder: string, signal: AbortSignal): Promise<Made> {
  const { mediaId, kind, purpose, byteLength } = data;
  const path = join(folder, 'upload');
  await download(deps.store, mediaKeys.upload(mediaId), path, byteLength);
  if (kind === 'file') return plainFile(path, byteLength);
  const content = contentOf(await headOf(path));
  // Sound comes in the containers of videos, too.
  const fits = content.kind === kind || (kind === 'audio' && content.kind === 'video');
  if (!fits) throw new Refusal('wrongKind');
  const upload = { path, folder, purpose, signal };
  if (content.demuxer === null) return processImage(upload);
  return processPlayable(
    { ...upload, kind: kind === 'audio' ? 'audio' : 'video', demuxer: content.demuxer },
    deps,
  );
}

/** Never interpreted by us, and given out to be saved alone. */
function plainFile(path: string, byteLength: number): Made {
  const nothing = { width: null, height: null, durationMs: null, hasThumbnail: false, hasPoster: false };
  return {
    files: [{ name: 'main', path }],
    facts: { ...nothing, type: 'application/octet-stream', byteLength, mainFile: 'main' },
  };
}

async function download(store: ObjectStore, key: string, path: string, byteLength: number): Promise<void> {
  const opened = await store.open(key);
  if (opened === null) throw new Error('the upload is not there');
  if (opened.size !== byteLength) {
    opened.body.destroy();
    throw new Refusal('tooLarge');
  }
  await pipeline(opened.body, createWriteStream(path));
  if ((await stat(path)).size !== byteLength) throw new Error('the upload did not come whole');
}

async function headOf(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
