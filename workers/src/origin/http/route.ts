/** What a URL below `/hls/` names. `path` is relative to the playback's root and safe to hand to storage. */
export type Resource =
  | { readonly type: 'multivariant'; readonly path: string }
  | { readonly type: 'media'; readonly path: string; readonly rendition: string }
  | { readonly type: 'iFrames'; readonly path: string; readonly rendition: string }
  | { readonly type: 'init'; readonly path: string; readonly rendition: string }
  | {
      readonly type: 'segment';
      readonly path: string;
      readonly rendition: string;
      readonly msn: number;
      readonly fence: number;
    }
  | {
      readonly type: 'part';
      readonly path: string;
      readonly rendition: string;
      readonly msn: number;
      readonly fence: number;
      readonly part: number;
    }
  | { readonly type: 'image' | 'text'; readonly path: string };

export interface Route {
  readonly playbackId: string;
  /** Of a viewer of a private playback: it stands in the path, so that all relative URIs have it, too. */
  readonly token: string | null;
  readonly resource: Resource;
  /** Without `?`; empty when there is none. */
  readonly query: string;
}

const ROUTE = /^\/hls\/([A-Za-z0-9_-]{1,64})\/(?:~([A-Za-z0-9_.-]{1,128})\/)?([A-Za-z0-9_./-]{1,96})$/;
const PLAYLIST = /^([A-Za-z0-9_-]{1,32})\/(index|iframes)\.m3u8$/;
const INIT = /^([A-Za-z0-9_-]{1,32})\/i\d{1,9}-\d{1,9}\.mp4$/;
const SEGMENT = /^([A-Za-z0-9_-]{1,32})\/s(\d{1,9})-(\d{1,9})(?:\.p(\d{1,5}))?\.m4s$/;
const IMAGE = /^(?:poster|storyboard-\d{1,5})\.jpg$/;

/**
 * The resource of a path below a playback. Only the names of `mediaPath` and the images exist, so a path can
 * neither climb out of its folder nor name anything else. Null for all others.
 */
export function parseResource(path: string): Resource | null {
  if (path === 'index.m3u8') return { type: 'multivariant', path };
  const playlist = PLAYLIST.exec(path);
  if (playlist?.[1]) {
    const type = playlist[2] === 'index' ? 'media' : 'iFrames';
    return { type, path, rendition: playlist[1] };
  }
  const segment = SEGMENT.exec(path);
  if (segment?.[1]) {
    const common = { path, rendition: segment[1], msn: Number(segment[2]), fence: Number(segment[3]) };
    if (segment[4] === undefined) return { type: 'segment', ...common };
    return { type: 'part', ...common, part: Number(segment[4]) };
  }
  const init = INIT.exec(path);
  if (init?.[1]) return { type: 'init', path, rendition: init[1] };
  if (IMAGE.test(path)) return { type: 'image', path };
  return path === 'storyboard.vtt' ? { type: 'text', path } : null;
}

/** Null when the URL names nothing of ours. Nothing is percent-decoded: our names need no escapes. */
export function parseRoute(url: string): Route | null {
  const mark = url.indexOf('?');
  const match = ROUTE.exec(mark === -1 ? url : url.slice(0, mark));
  if (!match?.[1] || !match[3]) return null;
  const resource = parseResource(match[3]);
  if (!resource) return null;
  return {
    playbackId: match[1],
    token: match[2] ?? null,
    resource,
    query: mark === -1 ? '' : url.slice(mark + 1),
  };
}
