import type { Logger } from '@maydan/common';
import type { EndReason } from '@maydan/contracts';
import { finaliseVod, forgetTakeover } from '../recording/finaliseVod.ts';
import type { Recording } from '../recording/Recording.ts';
import type { Fence } from './Fence.ts';
import type { LiveDeps } from './LiveDeps.ts';
import type { SessionFacts } from './SessionFacts.ts';

export interface EndSessionOptions {
  readonly deps: LiveDeps;
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
 * Completes the recording of a session whose last event is appended and tells its end (the api then orders poster and
 * storyboard). The fact comes before the tidying: a crash in between makes the next run do it all again, to the same result.
 */
export async function endSession(options: EndSessionOptions): Promise<void> {
  const { deps, recording, fence, log, signal, failure, facts } = options;
  const { store } = deps;
  const result = await finaliseVod({ recording, store, fence, log, signal, patienceMs: storagePatienceMs });
  const isUnsaved = recording.history.started !== null && !result.recorded;
  facts.ended(result, failure ?? (isUnsaved ? 'storageFailed' : null));
  await deps.facts.flush();
  await forgetTakeover(fence);
  await recording.close();
  if (result.complete) await deps.spool.remove(fence.playbackId);
  log.info({ ...result, failure }, 'live session ended');
}
