import type { Recording } from '../recording/Recording.ts';
import type { WarningBoard } from './WarningBoard.ts';

/** A short hiccup of the storage is nobody's concern. */
const quietMs = 4_000;
const slowLagMs = 15_000;

/** Tells what goes wrong with a recording, in the broadcaster's words. */
export function updateRecordingWarnings(board: WarningBoard, recording: Recording, nowMs = Date.now()): void {
  const { uploads, journal, lostFiles } = recording;
  const at = new Date(nowMs);
  const { trouble, lagBytes } = uploads;
  const lagMs = uploads.lagMs(nowMs);
  const isBehind =
    (trouble !== null && (trouble.kind === 'refused' || nowMs - trouble.sinceMs > quietMs)) ||
    lagMs > slowLagMs;
  const megabytes = (lagBytes / 1e6).toFixed(1);
  const why = trouble?.message ?? 'The storage is slow.';
  const message = `${why} ${megabytes} MB of the recording (the oldest ${Math.round(lagMs / 1_000)} s old) wait here; the live session goes on.`;
  const diskFull = journal.trouble;
  const memoryMessage = `The disk of the recording takes no media (${diskFull}); it waits in memory.`;
  if (isBehind) board.set('storageBehind', { owner: 'destination', message }, at);
  else
    board.set('storageBehind', diskFull === null ? null : { owner: 'internal', message: memoryMessage }, at);
  const lost = `${lostFiles} segments of the recording are lost; viewers of the live session saw them.`;
  board.set('recordingIncomplete', lostFiles === 0 ? null : { owner: 'internal', message: lost }, at);
}
