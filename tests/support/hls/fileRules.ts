import type { FetchedFile, PlaybackRecording } from './recording.ts';

export type FileRule = (recording: PlaybackRecording) => string[];

const nameOf = (url: string): string => url.split('/').slice(-2).join('/');

const expectedType = (file: FetchedFile): string => (file.why === 'init' ? 'video/mp4' : 'video/iso.segment');

/** Rules of PROTOCOLS A about what playlists name. */
export const fileRules: Readonly<Record<string, FileRule>> = {
  'what is listed is there': ({ files }) =>
    files
      .filter(({ why, status }) => why !== 'hint' && why !== 'left the list' && status !== 200)
      .map((file) => `${nameOf(file.url)} (${file.why}) answered ${file.status}`),

  'parts stay fetchable for 3 target durations after they left': ({ files }) =>
    files
      .filter(({ why, status }) => why === 'left the list' && status !== 200)
      .map((file) => `${nameOf(file.url)} answered ${file.status}`),

  'a hinted part is sent once it is there': ({ files }) => {
    const listed = new Set(files.filter(({ why }) => why === 'part').map(({ url }) => url));
    return files
      .filter(
        ({ why, status, url }) => why === 'hint' && status !== 200 && (status !== 404 || listed.has(url)),
      )
      .filter(({ status }) => status !== 503)
      .map((file) => `${nameOf(file.url)} answered ${file.status}`);
  },

  'the same URI is always the same bytes': ({ files }) => {
    const digests = new Map<string, string>();
    return files.flatMap((file) => {
      if (file.status !== 200) return [];
      const known = digests.get(file.url) ?? file.digest;
      digests.set(file.url, known);
      return known === file.digest ? [] : [nameOf(file.url)];
    });
  },

  'a segment is exactly its parts': ({ comparisons }) =>
    comparisons.filter(({ same }) => !same).map(({ playlist, msn }) => `${playlist}: segment ${msn}`),

  'media types': ({ files }) =>
    files
      .filter((file) => file.status === 200 && file.contentType !== expectedType(file))
      .map((file) => `${nameOf(file.url)} is ${file.contentType}`),

  'INDEPENDENT=YES on every part that holds a key frame': ({ files, playlists }) => {
    const independent = new Map<string, boolean>();
    for (const { url, snapshots } of playlists)
      for (const { playlist } of snapshots)
        for (const part of [
          ...playlist.segments.flatMap((one) => one.parts),
          ...(playlist.open?.parts ?? []),
        ])
          independent.set(new URL(part.uri, url).href, part.independent);
    return files
      .filter((file) => file.holdsKeyFrame !== null && independent.has(file.url))
      .filter((file) => file.holdsKeyFrame !== independent.get(file.url))
      .map(
        (file) => `${nameOf(file.url)}: key frame ${file.holdsKeyFrame}, said ${independent.get(file.url)}`,
      );
  },
};
