import { extname } from 'node:path';
import type { AnswerKind } from './PreparedAnswer.ts';
import type { Resource } from './route.ts';

export const PLAYLIST_TYPE = 'application/vnd.apple.mpegurl';

const types: Readonly<Record<string, string>> = {
  '.m3u8': PLAYLIST_TYPE,
  '.mp4': 'video/mp4',
  '.m4s': 'video/iso.segment',
  '.jpg': 'image/jpeg',
  '.vtt': 'text/vtt; charset=utf-8',
};

export const mediaTypeOf = (path: string): string => types[extname(path)] ?? 'application/octet-stream';

export function answerKindOf(resource: Resource): AnswerKind {
  switch (resource.type) {
    case 'multivariant':
    case 'media':
    case 'iFrames':
      return 'playlist';
    case 'image':
    case 'text':
      return 'image';
    case 'init':
    case 'segment':
    case 'part':
      return resource.type;
  }
}

/** Names of media carry the fence of the job that wrote them: what is behind a URI never changes. */
export const IMMUTABLE = 'public, max-age=31536000, immutable';
/** Images are written once the recording is ready and may be made again. */
export const SHORT_LIVED = 'public, max-age=60';

export const cacheControlOf = (resource: Resource): string =>
  resource.type === 'image' || resource.type === 'text' ? SHORT_LIVED : IMMUTABLE;

/** Media never changes under its name, so the name is its entity tag. */
export const entityTagOf = (path: string): string => `"${path.slice(path.lastIndexOf('/') + 1)}"`;
