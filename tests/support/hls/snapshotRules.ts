import { FIRST_MSN } from '../../../workers/src/live/events.ts';
import { listedSec, nextMsn, partsSec, type ListedPart, type MediaPlaylist } from './playlistModel.ts';

/** One rule: what is wrong, in words; empty when nothing is. */
export type SnapshotRule = (playlist: MediaPlaylist) => string[];

/** Printed durations have five decimals. */
const ROUNDING_SEC = 2e-5;

const control = (playlist: MediaPlaylist, name: string): number =>
  Number(playlist.serverControl?.get(name) ?? NaN);

const allParts = (playlist: MediaPlaylist): ListedPart[] => [
  ...playlist.segments.flatMap((segment) => segment.parts),
  ...(playlist.open?.parts ?? []),
];

function requiredVersion(playlist: MediaPlaylist): number {
  if (playlist.skipped > 0) return 9;
  if (playlist.segments.some(({ mapUri }) => mapUri !== null) || playlist.open?.mapUri) return 6;
  return playlist.iFramesOnly ? 4 : 3;
}

/** Short parts are allowed where a segment ends, before and at gaps, and where a key frame makes them so. */
function shortParts(parts: readonly ListedPart[], targetSec: number, isComplete: boolean): string[] {
  return parts
    .filter((part, index) => {
      const isLast = isComplete && index === parts.length - 1;
      const excused = isLast || part.independent || part.gap || parts[index + 1]?.gap === true;
      return !excused && part.durationSec < 0.85 * targetSec - ROUNDING_SEC;
    })
    .map((part) => `${part.uri} lasts ${part.durationSec} s`);
}

/** Rules of PROTOCOLS A that one version of a playlist shows by itself. */
export const snapshotRules: Readonly<Record<string, SnapshotRule>> = {
  syntax: (playlist) => [...playlist.faults],

  'EXT-X-VERSION fits the tags': (playlist) => {
    const needed = requiredVersion(playlist);
    return playlist.version === needed ? [] : [`version ${playlist.version}, needed ${needed}`];
  },

  'PART-INF whenever there are parts': (playlist) =>
    allParts(playlist).length > 0 && playlist.partTargetSec === null ? ['no EXT-X-PART-INF'] : [],

  'no part longer than PART-TARGET': (playlist) =>
    allParts(playlist)
      .filter((part) => part.durationSec > (playlist.partTargetSec ?? Infinity) + ROUNDING_SEC / 2)
      .map((part) => `${part.uri} lasts ${part.durationSec} s`),

  'parts at least 85 % of PART-TARGET': (playlist) => {
    const targetSec = playlist.partTargetSec ?? 0;
    const open = playlist.open?.parts ?? [];
    return [
      ...playlist.segments.flatMap((segment) => shortParts(segment.parts, targetSec, true)),
      ...shortParts(open, targetSec, playlist.hints.length === 0),
    ];
  },

  'no segment longer than the target duration': (playlist) =>
    playlist.segments
      .filter((segment) => Math.round(segment.durationSec) > playlist.targetDurationSec)
      .map((segment) => `${segment.uri} lasts ${segment.durationSec} s`),

  'SERVER-CONTROL': (playlist) => {
    if (playlist.ended && playlist.serverControl === null) return [];
    const target = playlist.targetDurationSec;
    const wrong: string[] = [];
    if (playlist.serverControl?.get('CAN-BLOCK-RELOAD') !== 'YES') wrong.push('CAN-BLOCK-RELOAD is not YES');
    if (!(control(playlist, 'HOLD-BACK') >= 3 * target)) wrong.push('HOLD-BACK below 3 target durations');
    if (!(control(playlist, 'CAN-SKIP-UNTIL') >= 6 * target))
      wrong.push('CAN-SKIP-UNTIL below 6 target durations');
    const partHoldBack = control(playlist, 'PART-HOLD-BACK');
    if (playlist.partTargetSec !== null && !(partHoldBack >= 3 * playlist.partTargetSec - ROUNDING_SEC))
      wrong.push('PART-HOLD-BACK below 3 part targets');
    return wrong;
  },

  'every segment has a map': (playlist) =>
    playlist.skipped > 0
      ? []
      : [...playlist.segments, ...(playlist.open ? [playlist.open] : [])]
          .filter((segment) => segment.mapUri === null)
          .map((segment) => `segment ${segment.msn}`),

  'a segment lasts as long as its parts': (playlist) =>
    playlist.segments
      .filter(({ parts, durationSec }) => {
        const slack = ROUNDING_SEC * (parts.length + 1);
        return parts.length > 0 && Math.abs(partsSec(parts) - durationSec) > slack;
      })
      .map(({ uri, parts, durationSec }) => `${uri}: ${durationSec} s, its parts ${partsSec(parts)} s`),

  'parts leave within 3 target durations': (playlist) => {
    const late: string[] = [];
    let distanceSec = partsSec(playlist.open?.parts ?? []);
    for (const segment of [...playlist.segments].reverse()) {
      let partEndSec = distanceSec;
      for (const part of [...segment.parts].reverse()) {
        if (partEndSec > 3 * playlist.targetDurationSec + 0.001)
          late.push(`${part.uri} is ${partEndSec} s from the end`);
        partEndSec += part.durationSec;
      }
      distanceSec += segment.durationSec;
    }
    return late;
  },

  'parts leave in order': (playlist) => {
    const listed = [...playlist.segments.map((segment) => segment.gap || segment.parts.length > 0)];
    const firstWith = listed.indexOf(true);
    return firstWith === -1 ||
      playlist.ended ||
      playlist.segments.slice(firstWith).every((_, index) => listed[firstWith + index])
      ? []
      : ['a segment without parts comes after one with parts'];
  },

  'PROGRAM-DATE-TIME always': (playlist) => {
    const needing = [
      ...playlist.segments.slice(0, playlist.skipped > 0 ? 0 : 1),
      ...playlist.segments.filter(({ discontinuity }) => discontinuity),
      ...(playlist.open && (playlist.segments.length === 0 || playlist.open.discontinuity)
        ? [playlist.open]
        : []),
    ];
    return needing
      .filter((segment) => segment.programDateTimeMs === null || Number.isNaN(segment.programDateTimeMs))
      .map((segment) => `none on segment ${segment.msn}`);
  },

  'PROGRAM-DATE-TIME runs with the media': (playlist) => {
    const all = [...playlist.segments, ...(playlist.open ? [{ ...playlist.open, durationSec: 0 }] : [])];
    return all.flatMap((segment, index) => {
      const previous = all[index - 1];
      if (!previous || previous.programDateTimeMs === null || segment.programDateTimeMs === null) return [];
      const expected = previous.programDateTimeMs + previous.durationSec * 1000;
      const driftMs = segment.programDateTimeMs - expected;
      const allowedMs = segment.discontinuity ? Infinity : 5;
      if (driftMs >= -5 && driftMs <= allowedMs) return [];
      return [`segment ${segment.msn} is ${driftMs.toFixed(1)} ms off the end of the one before`];
    });
  },

  'one PRELOAD-HINT per type': (playlist) => {
    const types = playlist.hints.map(({ type }) => type);
    const twice = types.filter((type, index) => types.indexOf(type) !== index);
    if (playlist.ended && types.length > 0) return ['a hint after EXT-X-ENDLIST'];
    return twice.map((type) => `two of type ${type}`);
  },

  'a part is hinted': (playlist) =>
    playlist.ended || playlist.iFramesOnly || playlist.hints.some(({ type }) => type === 'PART')
      ? []
      : ['no EXT-X-PRELOAD-HINT'],

  'at least 3 target durations are listed once segments leave': (playlist) =>
    playlist.mediaSequence > FIRST_MSN &&
    playlist.skipped === 0 &&
    !playlist.ended &&
    listedSec(playlist) < 3 * playlist.targetDurationSec
      ? [`${listedSec(playlist)} s listed from ${playlist.mediaSequence} to ${nextMsn(playlist)}`]
      : [],
};
