import { nextMsn, type ListedSegment, type MediaPlaylist, type OpenSegment } from './playlistModel.ts';
import type { FollowedPlaylist, Snapshot } from './recording.ts';

/** A rule over all versions of one playlist, in order of time. */
export type HistoryRule = (playlist: FollowedPlaylist) => string[];

const pairs = (snapshots: readonly Snapshot[]): [MediaPlaylist, MediaPlaylist][] =>
  snapshots
    .slice(1)
    .map((snapshot, index) => [snapshots[index]?.playlist ?? snapshot.playlist, snapshot.playlist]);

const changes = (
  snapshots: readonly Snapshot[],
  value: (playlist: MediaPlaylist) => number | string | null,
): string[] =>
  pairs(snapshots)
    .filter(([before, after]) => value(before) !== value(after))
    .map(([before, after]) => `${value(before)} became ${value(after)}`);

type Named = ListedSegment | OpenSegment;

/** The same segment number in two versions: what a server may not change (RFC 8216bis §6.2.1). */
function sameSegment(before: ListedSegment, after: ListedSegment): string[] {
  const fields = ['uri', 'durationSec', 'programDateTimeMs', 'dsn', 'mapUri', 'gap'] as const;
  return fields
    .filter((field) => before[field] !== after[field])
    .map((field) => `segment ${before.msn}: ${field} ${before[field]} became ${after[field]}`);
}

function changedSegments(before: MediaPlaylist, after: MediaPlaylist): string[] {
  const known = new Map(before.segments.map((segment) => [segment.msn, segment]));
  return after.segments.flatMap((segment) => {
    const old = known.get(segment.msn);
    return old ? sameSegment(old, segment) : [];
  });
}

const partUris = (playlist: MediaPlaylist): Map<number, string[]> => {
  const all: Named[] = [...playlist.segments, ...(playlist.open ? [playlist.open] : [])];
  return new Map(all.map((segment) => [segment.msn, segment.parts.map(({ uri }) => uri)]));
};

/** Parts once listed stay, until all of their segment leave; more may come at the end. */
function changedParts(before: MediaPlaylist, after: MediaPlaylist): string[] {
  const now = partUris(after);
  return [...partUris(before)].flatMap(([msn, uris]) => {
    const current = now.get(msn);
    if (!current || current.length === 0) return [];
    const kept = uris.every((uri, index) => current[index] === uri);
    return kept ? [] : [`segment ${msn}: ${uris.join(' ')} became ${current.join(' ')}`];
  });
}

function returnedParts(snapshots: readonly Snapshot[]): string[] {
  const gone = new Set<string>();
  const wrong: string[] = [];
  let last = new Set<string>();
  for (const { playlist } of snapshots) {
    const listed = new Set([...partUris(playlist).values()].flat());
    for (const uri of last) if (!listed.has(uri)) gone.add(uri);
    for (const uri of listed) if (gone.has(uri)) wrong.push(`${uri} came back`);
    last = listed;
  }
  return wrong;
}

/** A source that went away ends a segment early: the hinted part is then not published (RFC 8216bis §6.2.6). */
const beganAnew = (before: MediaPlaylist, after: MediaPlaylist): boolean =>
  [...after.segments, ...(after.open ? [after.open] : [])].some(
    (segment) => segment.msn >= nextMsn(before) && segment.discontinuity,
  );

/** The first part that is new, when the version before hinted one. */
function wrongHint(before: MediaPlaylist, after: MediaPlaylist): string[] {
  const hint = before.hints.find(({ type }) => type === 'PART')?.uri;
  if (hint === undefined || beganAnew(before, after)) return [];
  const known = new Set([...partUris(before).values()].flat());
  const fresh = [...partUris(after)].flatMap(([msn, uris]) =>
    msn >= nextMsn(before) - 1 ? uris.filter((uri) => !known.has(uri)) : [],
  );
  return fresh.length === 0 || fresh.includes(hint) ? [] : [`${hint} was hinted, ${fresh[0]} came`];
}

/** Rules of PROTOCOLS A that show over time. */
export const historyRules: Readonly<Record<string, HistoryRule>> = {
  'the target duration never changes': ({ snapshots }) =>
    changes(snapshots, ({ targetDurationSec }) => targetDurationSec),

  'PART-TARGET never changes': ({ snapshots }) => changes(snapshots, ({ partTargetSec }) => partTargetSec),

  'the media sequence never goes back': ({ snapshots }) =>
    pairs(snapshots)
      .filter(
        ([before, after]) => after.mediaSequence < before.mediaSequence || nextMsn(after) < nextMsn(before),
      )
      .map(
        ([before, after]) =>
          `${before.mediaSequence}…${nextMsn(before)} became ${after.mediaSequence}…${nextMsn(after)}`,
      ),

  'the discontinuity sequence never goes back': ({ snapshots }) =>
    pairs(snapshots)
      .filter(([before, after]) => after.discontinuitySequence < before.discontinuitySequence)
      .map(([before, after]) => `${before.discontinuitySequence} became ${after.discontinuitySequence}`),

  'a listed segment does not change': ({ snapshots }) =>
    pairs(snapshots).flatMap(([before, after]) => changedSegments(before, after)),

  'listed parts do not change': ({ snapshots }) =>
    pairs(snapshots).flatMap(([before, after]) => changedParts(before, after)),

  'parts do not come back': ({ snapshots }) => returnedParts(snapshots),

  'the hinted part is the one that comes': ({ snapshots }) =>
    pairs(snapshots).flatMap(([before, after]) => wrongHint(before, after)),

  'nothing changes after the end': ({ snapshots }) =>
    pairs(snapshots)
      .filter(([before, after]) => before.ended && (!after.ended || nextMsn(after) !== nextMsn(before)))
      .map(() => 'an ended playlist went on'),

  'rendition reports do not go back': ({ snapshots }) =>
    pairs(snapshots).flatMap(([before, after]) =>
      after.reports.flatMap((report) => {
        const old = before.reports.find(({ uri }) => uri === report.uri);
        return old && old.lastMsn > report.lastMsn
          ? [`${report.uri}: ${old.lastMsn} became ${report.lastMsn}`]
          : [];
      }),
    ),
};
