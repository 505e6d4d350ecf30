import type { MediaEvent } from '../live/events.ts';
import type { LiveWindow } from '../origin/LiveWindow.ts';
import type { OpenedRecording } from './openRecording.ts';

/** Fills a new window with what earlier runs produced: records of old segments, events of the newest. */
export function restoreWindow(window: LiveWindow, { recording, tail, initBytes }: OpenedRecording): void {
  const { history } = recording;
  if (history.started === null) return;
  window.apply(history.started);
  for (const init of history.inits) {
    const bytes = initBytes.get(init.path);
    if (bytes !== undefined) window.apply({ type: 'init.written', ...init, bytes });
  }
  for (const id of history.renditionIds) {
    const firstInTail = tail.find((event) => isStartOf(event, id))?.msn ?? Infinity;
    for (const record of history.segments(id)) {
      if (record.msn < firstInTail) window.restoreSegment(id, record);
    }
  }
  for (const event of tail) window.apply(event);
  if (history.ended) window.apply({ type: 'playback.ended' });
}

function isStartOf(
  event: MediaEvent,
  rendition: string,
): event is Extract<MediaEvent, { type: 'segment.started' }> {
  return event.type === 'segment.started' && event.rendition === rendition;
}
