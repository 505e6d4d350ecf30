import type { Logger } from '@maydan/common';
import type { EndReason } from '@maydan/contracts';
import { finaliseVod, forgetTakeover } from '../recording/finaliseVod.ts';
import type { Recording } from '../recording/Recording.ts';
import { openRecording } from '../recording/openRecording.ts';
import { Fence } from './Fence.ts';
import type { LiveDeps, LiveIds } from './LiveDeps.ts';
import { SessionFacts } from './SessionFacts.ts';

export interface EndSessionOptions {
  readonly deps: Pick<LiveDeps, 'store' | 'facts' | 'spool'>;
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

/**
 * Ends a session whose runs break again and again: what was recorded is kept. Rejects when not even that can be done.
 */
export async function giveUpSession(
  deps: Pick<LiveDeps, 'redis' | 'spool' | 'store' | 'facts' | 'workerId'>,
  ids: LiveIds,
  log: Logger,
): Promise<void> {
  const { redis, spool, store, workerId } = deps;
  const fence = await Fence.take(redis, ids.playbackId);
  const leaving = new AbortController();
  const onSuperseded = () => leaving.abort();
  const { recording } = await openRecording({ redis, spool, store, fence, log, onSuperseded });
  const facts = new SessionFacts({ ...ids, facts: deps.facts, fence: fence.value, workerId });
  recording.append({ type: 'playback.ended' });
  try {
    await endSession({ deps, recording, fence, facts, log, signal: leaving.signal, failure: 'workerLost' });
  } finally {
    await recording.close();
  }
}
