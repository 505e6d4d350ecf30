import { createLogger } from '@maydan/common';
import { Journal } from '../Journal.ts';
import { PlaybackHistory } from '../PlaybackHistory.ts';
import { segmentLine, tailLineOf } from '../records.ts';
import { Spool } from '../Spool.ts';
import { legEvents, segmentsOfAll } from './syntheticPlayback.ts';

/**
 * Program for the test that kills it: appends a part every few milliseconds and prints each one's number in the order
 * of appending. Arguments: folder, playback.
 */
const [folder, playbackId] = process.argv.slice(2);
if (folder === undefined || playbackId === undefined) throw new Error('folder and playback are needed');
const log = createLogger('journalWriter', 'silent');
const { journal } = await Journal.open(await Spool.create(folder, 1e9), playbackId, log);
const history = new PlaybackHistory();
const started = legEvents()[0];
if (started?.type === 'playback.started') {
  history.start(started);
  journal.append({ record: { ...started, renditions: [...started.renditions] } });
}
let appended = 0;
for (const event of segmentsOfAll(0, 500, { partBytes: 20_000 })) {
  const openPath = 'rendition' in event ? history.openPath(event.rendition) : null;
  const record = history.apply(event);
  const tail = tailLineOf(event) ?? undefined;
  const media =
    event.type === 'part.written' && openPath ? { path: openPath, bytes: event.bytes } : undefined;
  const ended = record === null || !('rendition' in event) ? undefined : segmentLine(event.rendition, record);
  const finish = record === null ? undefined : { path: record.path, onFinished: () => undefined };
  journal.append({ media, tail, record: ended, finish });
  if (event.type !== 'part.written') continue;
  process.stdout.write(`${(appended += 1)}\n`);
  await new Promise((resolve) => setTimeout(resolve, 3));
}
