import { nextMsn, type ListedSegment } from './playlistModel.ts';
import type { FollowedPlaylist, PlaybackRecording } from './recording.ts';

/** A rule over several playlists of one playback. */
export type RenditionRule = (recording: PlaybackRecording) => string[];

/** An audio segment ends with the frame that holds the video's boundary: 1024 samples are 21 to 46 ms. */
const AUDIO_FRAME_SEC = 0.05;

const media = (recording: PlaybackRecording): FollowedPlaylist[] =>
  recording.playlists.filter(({ kind, snapshots }) => kind !== 'iFrames' && snapshots.length > 0);

/** Every segment that was ever listed, by number. */
function segmentsOf(playlist: FollowedPlaylist): Map<number, ListedSegment> {
  return new Map(
    playlist.snapshots.flatMap(({ playlist: { segments } }) =>
      segments.map((segment) => [segment.msn, segment] as const),
    ),
  );
}

/** Compares each rendition's segments with the first one's. */
function compared(
  recording: PlaybackRecording,
  difference: (a: ListedSegment, b: ListedSegment) => string | null,
): string[] {
  const [reference, ...others] = media(recording);
  if (!reference) return ['no media playlist was followed'];
  const models = segmentsOf(reference);
  return others.flatMap((other) =>
    [...segmentsOf(other)].flatMap(([msn, segment]) => {
      const model = models.get(msn);
      const wrong = model ? difference(model, segment) : null;
      return wrong === null ? [] : [`segment ${msn} of ${reference.id} and ${other.id}: ${wrong}`];
    }),
  );
}

function lastControls(recording: PlaybackRecording): string[] {
  return recording.playlists.flatMap(({ id, snapshots }) => {
    const control = snapshots.at(-1)?.playlist.serverControl;
    return control
      ? [
          `${id}: ${[...control]
            .map((pair) => pair.join('='))
            .sort()
            .join(',')}`,
        ]
      : [];
  });
}

/** Rules of PROTOCOLS A that hold between renditions. */
export const renditionRules: Readonly<Record<string, RenditionRule>> = {
  'segment boundaries are aligned over renditions': (recording) =>
    compared(recording, (a, b) =>
      Math.abs(a.durationSec - b.durationSec) <= 2 * AUDIO_FRAME_SEC
        ? null
        : `${a.durationSec} s and ${b.durationSec} s`,
    ),

  'discontinuities are aligned over renditions': (recording) =>
    compared(recording, (a, b) => (a.dsn === b.dsn ? null : `discontinuity sequences ${a.dsn} and ${b.dsn}`)),

  'dates are the same over renditions': (recording) =>
    compared(recording, (a, b) => {
      if (a.programDateTimeMs === null || b.programDateTimeMs === null) return null;
      const offMs = Math.abs(a.programDateTimeMs - b.programDateTimeMs);
      return offMs <= 2000 * AUDIO_FRAME_SEC ? null : `${offMs} ms apart`;
    }),

  'the target duration is that of all': (recording) => {
    const targets = new Set(
      media(recording).map(({ snapshots }) => snapshots[0]?.playlist.targetDurationSec),
    );
    return targets.size > 1 ? [[...targets].join(', ')] : [];
  },

  'SERVER-CONTROL is the same everywhere': (recording) => {
    const said = lastControls(recording);
    const values = new Set(said.map((text) => text.slice(text.indexOf(' '))));
    return values.size > 1 ? [said.join(' | ')] : [];
  },

  'PART-HOLD-BACK covers the largest PART-TARGET': (recording) => {
    const all = media(recording).map(({ snapshots }) => snapshots[0]?.playlist);
    const largest = Math.max(0, ...all.map((playlist) => playlist?.partTargetSec ?? 0));
    return all
      .filter(
        (playlist) => Number(playlist?.serverControl?.get('PART-HOLD-BACK') ?? Infinity) < 3 * largest - 2e-5,
      )
      .map(() => `below 3 × ${largest}`);
  },

  'a rendition report for every other rendition': (recording) => {
    const followed = media(recording);
    return followed.flatMap((own) =>
      own.snapshots
        .filter(({ playlist }) => !playlist.ended)
        .flatMap(({ playlist }) =>
          missingReports(
            own,
            followed,
            playlist.reports.map(({ uri }) => uri),
          ),
        ),
    );
  },

  'rendition reports are up to date': (recording) => {
    const ends = new Map(media(recording).map((playlist) => [playlist.url, lastMsnOver(playlist)]));
    return media(recording).flatMap((own) =>
      own.snapshots.flatMap(({ playlist }) =>
        playlist.reports.flatMap((report) => {
          const end = ends.get(new URL(report.uri, own.url).href) ?? Infinity;
          const isBehind = report.lastMsn < nextMsn(playlist) - 2;
          const isWrong = isBehind || report.lastMsn > end || report.lastPart === null;
          return isWrong ? [`${own.id} says ${report.lastMsn}.${report.lastPart} of ${report.uri}`] : [];
        }),
      ),
    );
  },
};

const lastMsnOver = (playlist: FollowedPlaylist): number =>
  Math.max(...playlist.snapshots.map((snapshot) => nextMsn(snapshot.playlist))) + 1;

function missingReports(
  own: FollowedPlaylist,
  all: readonly FollowedPlaylist[],
  uris: readonly string[],
): string[] {
  const reported = new Set(uris.map((uri) => new URL(uri, own.url).href));
  return all
    .filter((other) => other !== own && !reported.has(other.url))
    .map((other) => `${own.id} does not report ${other.id}`);
}
