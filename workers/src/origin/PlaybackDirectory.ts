import type { LiveWindow } from './LiveWindow.ts';
import type { OlderMedia } from './OlderMedia.ts';

/** Where a playback is: in this process, in another origin's, in storage alone (a recording), or nowhere. */
export type PlaybackPlace =
  LiveWindow | { readonly proxyTo: string } | { readonly stored: OlderMedia } | null;

/** What the origin asks for each request; the answer for a window of this process should not be a promise. */
export interface PlaybackDirectory {
  /** `playbackId` is only known to be short and harmless. `proxyTo` is the base URL of another origin. */
  find(playbackId: string): PlaybackPlace | Promise<PlaybackPlace>;
}
