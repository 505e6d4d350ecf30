export { crossCheck, crossCheckPlaylist } from './crossCheck.ts';
export { parseMediaPlaylist } from './parsePlaylist.ts';
export type { MediaPlaylist, Violation } from './playlistModel.ts';
export { probeRequests } from './probeRequests.ts';
export type { PlaybackRecording } from './recording.ts';
export { validatePlayback } from './validatePlayback.ts';
export { watchPlayback, type WatchOptions } from './watchPlayback.ts';
