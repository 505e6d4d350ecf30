import { fileRules } from './fileRules.ts';
import { historyRules } from './historyRules.ts';
import { multivariantRules, parseMultivariant } from './multivariantRules.ts';
import { parseMediaPlaylist } from './parsePlaylist.ts';
import type { Violation } from './playlistModel.ts';
import type { FollowedPlaylist, PlaybackRecording } from './recording.ts';
import { renditionRules } from './renditionRules.ts';
import { snapshotRules } from './snapshotRules.ts';

const label = ({ id, kind }: FollowedPlaylist): string => (kind === 'iFrames' ? `${id} I-frames` : id);

function checkSnapshots(playlist: FollowedPlaylist): Violation[] {
  return playlist.snapshots.flatMap(({ playlist: whole, text, delta }) => {
    const shown = delta ? parseMediaPlaylist(text) : whole;
    return Object.entries(snapshotRules).flatMap(([rule, check]) =>
      check(shown).map((detail) => ({ rule, where: label(playlist), detail })),
    );
  });
}

function checkHistory(playlist: FollowedPlaylist): Violation[] {
  return Object.entries(historyRules).flatMap(([rule, check]) =>
    check(playlist).map((detail) => ({ rule, where: label(playlist), detail })),
  );
}

/** Many versions show the same fault: each is told once. */
function unique(violations: readonly Violation[]): Violation[] {
  const seen = new Map(violations.map((violation) => [Object.values(violation).join('\n'), violation]));
  return [...seen.values()];
}

/** Every rule of PROTOCOLS A (playlists) that what was recorded breaks; empty when all hold. */
export function validatePlayback(recording: PlaybackRecording): Violation[] {
  const multivariant = parseMultivariant(recording.multivariant);
  const whole = (rules: Readonly<Record<string, (recording: PlaybackRecording) => string[]>>): Violation[] =>
    Object.entries(rules).flatMap(([rule, check]) =>
      check(recording).map((detail) => ({ rule, where: 'playback', detail })),
    );
  return unique([
    ...recording.failures.map(({ playlist, url, failure }) => ({
      rule: 'playlists are answered',
      where: playlist,
      detail: `${url}: ${failure}`,
    })),
    ...Object.entries(multivariantRules).flatMap(([rule, check]) =>
      check(multivariant, recording).map((detail) => ({ rule, where: 'multivariant', detail })),
    ),
    ...recording.playlists.flatMap((playlist) => [...checkSnapshots(playlist), ...checkHistory(playlist)]),
    ...whole(renditionRules),
    ...whole(fileRules),
  ]);
}
