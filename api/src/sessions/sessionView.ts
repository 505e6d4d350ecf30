import type { PublicUser, Session, Viewership } from '@maydan/contracts';
import { isOver, jobStates, storedEndReason } from './controlDocument.ts';
import type { SessionRow } from './sessions.repo.ts';

/**
 * A session as REST and sockets give it. `base` is the playback base of the one who asks, without a slash at the end; `token`
 * is theirs, for a private session, or a hidden recording, which they may play then.
 */
export function sessionView(row: SessionRow, base: string, token: string | null = null): Session {
  const folder = `${base}/hls/${row.playbackId}${token === null ? '' : `/~${token}`}`;
  const isOpen = row.hiddenAt === null || token !== null;
  const url = (path: string | null): string | null => (path === null || !isOpen ? null : `${folder}/${path}`);
  return {
    id: row.id,
    host: hostOf(row),
    title: row.title,
    description: row.description,
    type: row.type,
    category: row.category,
    tags: row.tags,
    visibility: row.visibility,
    privateFor: row.privateFor,
    stageLayout: row.stageLayout,
    state: row.state,
    endReason: storedEndReason(row.endReason),
    scheduledStartAt: iso(row.scheduledStartAt),
    createdAt: row.createdAt.toISOString(),
    startedAt: iso(row.startedAt),
    endedAt: iso(row.endedAt),
    durationMs: row.durationMs,
    viewers: viewersOf(row),
    recording: recordingOf(row),
    playback: {
      playbackId: row.playbackId,
      hlsUrl: `${folder}/index.m3u8`,
      playable: isOpen && isPlayable(row),
      posterUrl: url(row.posterPath),
      storyboardUrl: url(row.storyboardPath),
    },
  };
}

/** As everybody may see them. */
export function hostOf({ host: { id, username, displayName } }: Pick<SessionRow, 'host'>): PublicUser {
  return { id, username, displayName };
}

function viewersOf({ audience, state }: SessionRow): Viewership {
  if (audience === null) return { concurrent: 0, peak: 0, unique: 0, watchTimeSec: 0, reactions: 0 };
  const { concurrent, peak, unique, watchMs, reactions } = audience;
  const now = isOver(state) ? 0 : concurrent;
  return { concurrent: now, peak, unique, watchTimeSec: Math.round(Number(watchMs) / 1_000), reactions };
}

/** From the first part on; after the end only when there is a recording. */
function isPlayable(row: SessionRow): boolean {
  return jobStates.includes(row.state) ? row.readyAt !== null : row.recorded;
}

type Recorded = Pick<SessionRow, 'state' | 'recorded' | 'hiddenAt' | 'recordingDeletedAt'>;

export function recordingOf({
  state,
  recorded,
  hiddenAt,
  recordingDeletedAt,
}: Recorded): Session['recording'] {
  if (recordingDeletedAt !== null) return 'deleted';
  if (hiddenAt !== null) return 'hidden';
  return recorded && isOver(state) ? 'available' : 'none';
}

function iso(date: Date | null): string | null {
  return date === null ? null : date.toISOString();
}
