import type { FactWriter, Logger, Redis } from '@maydan/common';
import { playbackKeys, type JobData } from '@maydan/contracts';
import type { ObjectStore } from '../storage/ObjectStore.ts';
import { isBucketMissing, StorageError } from '../storage/storageError.ts';

export interface RemovalDeps {
  readonly store: ObjectStore;
  readonly redis: Redis;
  readonly facts: FactWriter;
}

/** Removes all that is stored of a playback that is over, and tells so. Again it finds nothing and tells the same. */
export async function removeRecording(
  { sessionId, playbackId }: JobData<'recording.remove'>,
  { store, redis, facts }: RemovalDeps,
  log: Logger,
): Promise<void> {
  const objects = await removeObjects(store, playbackKeys.s3Prefix(playbackId));
  await redis.del(playbackKeys.segments(playbackId));
  facts.append({ type: 'recording.removed', sessionId, playbackId, at: new Date().toISOString() });
  await facts.flush();
  log.info({ playbackId, objects }, 'a recording is removed');
}

async function removeObjects(store: ObjectStore, prefix: string): Promise<number> {
  try {
    return await store.removePrefix(prefix);
  } catch (error) {
    // An installation that has stored nothing yet.
    if (error instanceof StorageError && isBucketMissing(error.cause)) return 0;
    throw error;
  }
}
