import type { Logger } from '@maydan/common';
import type { EndReason } from '@maydan/contracts';
import { finaliseVod, forgetTakeover, type VodResult } from '../recording/finaliseVod.ts';
import type { Recording } from '../recording/Recording.ts';
import type { Fence } from './Fence.ts';
import type { LiveDeps, LiveIds } from './LiveDeps.ts';
import type { SessionFacts } from './SessionFacts.ts';

export interface EndSessionOptions {
  readonly deps: LiveDeps;
  readonly ids: LiveIds;
  readonly fence: Fence;
  readonly recording: Recording;
  readonly facts: SessionFacts;
  readonly log: Logger;
  /** Aborted when this run has to go; the next one ends the session then. */
  readonly signal: AbortSignal;
  /** Why the session ends; null when it was told to. */
  readonly failure: EndReason | null;
}

/** While the storage takes nothing, the end of a session waits for it so long. */
const storagePatienceMs = 6 * 3_600_000;

/**
 * Completes the recording of a session whose last event is appended and tells its end. The fact comes before the
 * tidying: a crash in between makes the next run do it all again, to the same result.
 */
export async function endSession(options: EndSessionOptions): Promise<void> {
  const { deps, recording, fence, log, signal, failure, facts } = options;
  const { store } = deps;
  const result = await finaliseVod({ recording, store, fence, log, signal, patienceMs: storagePatienceMs });
  const isUnsaved = recording.history.started !== null && !result.recorded;
  facts.ended(result, failure ?? (isUnsaved ? 'storageFailed' : null));
  await deps.facts.flush();
  await orderImages(options, result);
  await forgetTakeover(fence);
  await recording.close();
  if (result.complete) await deps.spool.remove(fence.playbackId);
  log.info({ ...result, failure }, 'live session ended');
}

async function orderImages({ deps, ids, recording }: EndSessionOptions, result: VodResult): Promise<void> {
  const renditions = recording.history.started?.renditions ?? [];
  if (!result.recorded || renditions.every(({ kind }) => kind === 'audio')) return;
  const options = {
    jobId: `images-${ids.playbackId}`,
    attempts: 5,
    backoff: { type: 'exponential', delay: 2_000 },
  };
  await deps.jobs.add('vod.images', { ...ids, durationMs: result.durationMs }, options);
}
