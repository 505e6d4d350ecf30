import * as HlsParser from 'hls-parser';
import { Parser as M3u8Parser } from 'm3u8-parser';
import type { MediaPlaylist, Violation } from './playlistModel.ts';
import type { FollowedPlaylist, PlaybackRecording } from './recording.ts';

/** Otherwise it prints what is wrong and goes on. */
HlsParser.setOptions({ strictMode: true });

/** What a playlist comes down to for a player, in the words of no parser in particular. */
interface Essence {
  readonly mediaSequence: number;
  readonly targetDurationSec: number;
  readonly segments: readonly string[];
}

const line = (uri: string, durationSec: number, discontinuity: boolean): string =>
  `${uri} ${durationSec.toFixed(3)}${discontinuity ? ' after a discontinuity' : ''}`;

function ours(playlist: MediaPlaylist): Essence {
  return {
    mediaSequence: playlist.mediaSequence,
    targetDurationSec: playlist.targetDurationSec,
    segments: playlist.segments.map((segment) =>
      line(segment.uri, segment.durationSec, segment.discontinuity),
    ),
  };
}

function byHlsParser(text: string): Essence {
  const playlist = HlsParser.parse(text);
  if (!('segments' in playlist)) throw new Error('taken for a multivariant playlist');
  return {
    mediaSequence: playlist.mediaSequenceBase ?? 0,
    targetDurationSec: playlist.targetDuration,
    segments: playlist.segments
      .filter((segment) => segment.uri)
      .map((segment) => line(segment.uri, segment.duration, segment.discontinuity === true)),
  };
}

function byM3u8Parser(text: string): Essence {
  const parser = new M3u8Parser();
  parser.push(text);
  parser.end();
  const { manifest } = parser;
  return {
    mediaSequence: manifest.mediaSequence ?? 0,
    targetDurationSec: manifest.targetDuration ?? 0,
    segments: manifest.segments
      .filter((segment) => segment.uri !== undefined)
      .map((segment) => line(segment.uri ?? '', segment.duration, segment.discontinuity === true)),
  };
}

const independent = { 'hls-parser': byHlsParser, 'm3u8-parser': byM3u8Parser };

/** What an independent parser refuses or reads otherwise than ours. */
export function crossCheckPlaylist(text: string, playlist: MediaPlaylist): string[] {
  const expected = JSON.stringify(ours(playlist));
  return Object.entries(independent).flatMap(([name, parse]) => {
    try {
      const read = JSON.stringify(parse(text));
      return read === expected ? [] : [`${name} reads ${read}, we ${expected}`];
    } catch (error) {
      return [`${name}: ${error instanceof Error ? error.message : String(error)}`];
    }
  });
}

function crossCheckFollowed({ id, kind, snapshots }: FollowedPlaylist): Violation[] {
  const where = `${id} ${kind}`;
  return snapshots
    .filter(({ delta }) => !delta)
    .flatMap(({ text, playlist }) => crossCheckPlaylist(text, playlist))
    .map((detail) => ({ rule: 'independent parsers agree', where, detail }));
}

/** Reads every full playlist of a recording with two parsers that aren't ours, and the multivariant playlist too. */
export function crossCheck(recording: PlaybackRecording): Violation[] {
  const multivariant: Violation[] = [];
  try {
    const playlist = HlsParser.parse(recording.multivariant);
    if (!('variants' in playlist) || playlist.variants.length === 0)
      throw new Error('no variants in the multivariant playlist');
  } catch (error) {
    multivariant.push({ rule: 'independent parsers agree', where: 'multivariant', detail: String(error) });
  }
  return [...multivariant, ...recording.playlists.flatMap(crossCheckFollowed)];
}
