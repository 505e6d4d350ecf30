import { parseAttributes } from './parsePlaylist.ts';
import type { ListedSegment } from './playlistModel.ts';
import type { FollowedPlaylist, PlaybackRecording } from './recording.ts';

export interface Variant {
  readonly attributes: ReadonlyMap<string, string>;
  /** Folder of the playlist: `720p`. */
  readonly id: string;
  readonly uri: string;
}

export interface Multivariant {
  readonly variants: readonly Variant[];
  readonly iFrames: readonly Variant[];
  readonly media: readonly ReadonlyMap<string, string>[];
  readonly independentSegments: boolean;
}

const folderOf = (uri: string): string => uri.slice(0, uri.lastIndexOf('/'));

export function parseMultivariant(text: string): Multivariant {
  const lines = text.split('\n');
  const tagged = (name: string) =>
    lines.flatMap((line, index) =>
      line.startsWith(`#${name}:`) ? [{ list: line.slice(name.length + 2), index }] : [],
    );
  const variant = (list: string, uri: string): Variant => ({
    attributes: parseAttributes(list),
    uri,
    id: folderOf(uri),
  });
  return {
    variants: tagged('EXT-X-STREAM-INF').map(({ list, index }) => variant(list, lines[index + 1] ?? '')),
    iFrames: tagged('EXT-X-I-FRAME-STREAM-INF').map(({ list }) =>
      variant(list, parseAttributes(list).get('URI') ?? ''),
    ),
    media: tagged('EXT-X-MEDIA').map(({ list }) => parseAttributes(list)),
    independentSegments: lines.includes('#EXT-X-INDEPENDENT-SEGMENTS'),
  };
}

export type MultivariantRule = (multivariant: Multivariant, recording: PlaybackRecording) => string[];

const isVideo = (variant: Variant): boolean => /avc1|hvc1|av01/.test(variant.attributes.get('CODECS') ?? '');
/** What third-generation mobile networks carry in practice. */
const MOBILE_3G_BPS = 1_000_000;

/** Bit rates of a playlist's segments, from the sizes that were fetched (RFC 8216bis §4.4.6.2). */
function measured(playlist: FollowedPlaylist | undefined, recording: PlaybackRecording) {
  const sizes = new Map(recording.files.map((file) => [file.url, file.byteLength]));
  const segments = new Map(
    playlist?.snapshots.flatMap((snapshot) =>
      snapshot.playlist.segments.map((one) => [one.msn, one] as const),
    ) ?? [],
  );
  const known = [...segments.values()].flatMap((segment) => weighed(segment, playlist?.url ?? '', sizes));
  const targetSec = playlist?.snapshots[0]?.playlist.targetDurationSec ?? 0;
  const long = known.filter(({ durationSec }) => durationSec >= 0.5 * targetSec);
  const bits = known.reduce((sum, segment) => sum + segment.bits, 0);
  const durationSec = known.reduce((sum, segment) => sum + segment.durationSec, 0);
  return {
    peakBps: Math.max(0, ...long.map((segment) => segment.bits / segment.durationSec)),
    averageBps: durationSec > 0 ? bits / durationSec : 0,
  };
}

function weighed(segment: ListedSegment, base: string, sizes: ReadonlyMap<string, number>) {
  const byteLength = sizes.get(new URL(segment.uri, base).href);
  return byteLength === undefined ? [] : [{ bits: byteLength * 8, durationSec: segment.durationSec }];
}

function measuredVariant(variant: Variant, multivariant: Multivariant, recording: PlaybackRecording) {
  const byId = (id: string) => recording.playlists.find((one) => one.id === id && one.kind !== 'iFrames');
  const own = measured(byId(variant.id), recording);
  const group = multivariant.media.find((media) => media.get('GROUP-ID') === variant.attributes.get('AUDIO'));
  const audioId = folderOf(group?.get('URI') ?? '');
  if (audioId === '' || audioId === variant.id) return own;
  const audio = measured(byId(audioId), recording);
  return { peakBps: own.peakBps + audio.peakBps, averageBps: own.averageBps + audio.averageBps };
}

/** Rules of PROTOCOLS A for the multivariant playlist. */
export const multivariantRules: Readonly<Record<string, MultivariantRule>> = {
  'CODECS, BANDWIDTH, AVERAGE-BANDWIDTH on every variant': ({ variants }) =>
    variants.flatMap((variant) =>
      ['CODECS', 'BANDWIDTH', 'AVERAGE-BANDWIDTH']
        .filter((name) => !variant.attributes.get(name))
        .map((name) => `${variant.uri} lacks ${name}`),
    ),

  'RESOLUTION and FRAME-RATE on every video variant': ({ variants }) =>
    variants
      .filter(isVideo)
      .flatMap((variant) =>
        ['RESOLUTION', 'FRAME-RATE']
          .filter((name) => !variant.attributes.get(name))
          .map((name) => `${variant.uri} lacks ${name}`),
      ),

  'every video variant plays with an audio group': ({ variants, media }) =>
    variants
      .filter(isVideo)
      .filter(
        ({ attributes }) =>
          !/mp4a/.test(attributes.get('CODECS') ?? '') ||
          !media.some(
            (one) => one.get('TYPE') === 'AUDIO' && one.get('GROUP-ID') === attributes.get('AUDIO'),
          ),
      )
      .map(({ uri }) => uri),

  'the audio alone is a variant': ({ variants }) =>
    variants.some((variant) => !isVideo(variant)) ? [] : ['every variant has video'],

  'EXT-X-INDEPENDENT-SEGMENTS': ({ independentSegments }) => (independentSegments ? [] : ['is missing']),

  'an I-frame playlist for every video variant': ({ variants, iFrames }) =>
    variants
      .filter(isVideo)
      .filter(({ id }) => !iFrames.some((one) => one.id === id))
      .map(({ uri }) => `none for ${uri}`),

  'a rendition for a phone on 3G': ({ variants }) =>
    variants.some(({ attributes }) => Number(attributes.get('BANDWIDTH')) <= MOBILE_3G_BPS)
      ? []
      : [`all above ${MOBILE_3G_BPS} b/s`],

  'the measured peak is below 125 % and the mean below 110 % of what is said': (multivariant, recording) =>
    multivariant.variants.flatMap((variant) => {
      const { peakBps, averageBps } = measuredVariant(variant, multivariant, recording);
      const said = (name: string) => Number(variant.attributes.get(name));
      const wrong: string[] = [];
      if (peakBps > 1.25 * said('BANDWIDTH'))
        wrong.push(`${variant.uri}: peak ${peakBps} of ${said('BANDWIDTH')}`);
      if (averageBps > 1.1 * said('AVERAGE-BANDWIDTH'))
        wrong.push(`${variant.uri}: mean ${averageBps} of ${said('AVERAGE-BANDWIDTH')}`);
      return wrong;
    }),
};
