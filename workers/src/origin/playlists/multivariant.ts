import { mediaPath } from '../../live/events.ts';
import type { RenditionRecord } from './records.ts';

const AUDIO_GROUP = 'audio';
/** A start-up rendition a usual mobile network carries; players begin with the first variant listed. */
const COMFORTABLE_START_BPS = 2_500_000;

const attributes = (list: Readonly<Record<string, string | number | undefined>>): string =>
  Object.entries(list)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');

const quoted = (value: string): string => `"${value}"`;
const wholeBps = (bps: number): number => Math.max(1, Math.ceil(bps));

function videoAttributes(video: RenditionRecord): Record<string, string | undefined> {
  const size = video.width && video.height ? `${video.width}x${video.height}` : undefined;
  return { RESOLUTION: size, 'FRAME-RATE': video.frameRate?.toFixed(3) };
}

/** Bit rates of a variant are those of all its renditions together (RFC 8216bis §4.4.6.2). */
function variantLines(video: RenditionRecord, audio: RenditionRecord | undefined): string {
  const list = attributes({
    BANDWIDTH: wholeBps(video.peakBps + (audio?.peakBps ?? 0)),
    'AVERAGE-BANDWIDTH': wholeBps(video.averageBps + (audio?.averageBps ?? 0)),
    CODECS: quoted([...video.codecs, ...(audio?.codecs ?? [])].join(',')),
    ...videoAttributes(video),
    AUDIO: audio && quoted(AUDIO_GROUP),
  });
  return `#EXT-X-STREAM-INF:${list}\n${mediaPath.playlist(video.id)}\n`;
}

function iFrameLine(video: RenditionRecord): string {
  if (!video.iFramePeakBps) return '';
  const list = attributes({
    BANDWIDTH: wholeBps(video.iFramePeakBps),
    CODECS: quoted(video.codecs.join(',')),
    RESOLUTION: videoAttributes(video)['RESOLUTION'],
    URI: quoted(mediaPath.iFramePlaylist(video.id)),
  });
  return `#EXT-X-I-FRAME-STREAM-INF:${list}\n`;
}

function audioGroupLine(audio: RenditionRecord): string {
  const list = attributes({
    TYPE: 'AUDIO',
    'GROUP-ID': quoted(AUDIO_GROUP),
    NAME: quoted('Audio'),
    DEFAULT: 'YES',
    AUTOSELECT: 'YES',
    CHANNELS: quoted('2'),
    URI: quoted(mediaPath.playlist(audio.id)),
  });
  return `#EXT-X-MEDIA:${list}\n`;
}

function audioOnlyVariant(audio: RenditionRecord): string {
  const list = attributes({
    BANDWIDTH: wholeBps(audio.peakBps),
    'AVERAGE-BANDWIDTH': wholeBps(audio.averageBps),
    CODECS: quoted(audio.codecs.join(',')),
    AUDIO: quoted(AUDIO_GROUP),
  });
  return `#EXT-X-STREAM-INF:${list}\n${mediaPath.playlist(audio.id)}\n`;
}

/** The best comfortable one first, then from the highest bit rate down. */
function startOrder(videos: readonly RenditionRecord[]): RenditionRecord[] {
  const sorted = [...videos].sort((a, b) => b.averageBps - a.averageBps);
  const first = sorted.find((video) => video.averageBps <= COMFORTABLE_START_BPS) ?? sorted.at(-1);
  return first ? [first, ...sorted.filter((video) => video !== first)] : [];
}

/**
 * Multivariant playlist (RFC 8216bis §4.4.6) of a live playback or a recording. Every video variant plays with
 * the one audio rendition; the audio alone is a variant too. EXT-X-VERSION 4 is what §8 advises for audio groups.
 */
export function renderMultivariant(renditions: readonly RenditionRecord[]): string {
  const audio = renditions.find((rendition) => rendition.kind === 'audio');
  const videos = startOrder(renditions.filter((rendition) => rendition.kind === 'video'));
  return [
    '#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-INDEPENDENT-SEGMENTS\n',
    audio ? audioGroupLine(audio) : '',
    ...videos.map((video) => variantLines(video, audio)),
    audio ? audioOnlyVariant(audio) : '',
    ...videos.map(iFrameLine),
  ].join('');
}
