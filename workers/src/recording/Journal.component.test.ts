import { appendFile, mkdtemp, readFile, rm, rmdir, symlink, truncate, mkdir } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLogger } from '@maydan/common';
import { waitUntil } from '@maydan/infra';
import type { MediaEvent } from '../live/events.ts';
import { Journal } from './Journal.ts';
import { PlaybackHistory } from './PlaybackHistory.ts';
import { initLine, legRecordLine, segmentLine, tailLineOf } from './records.ts';
import { Spool } from './Spool.ts';
import { legEvents, partBytes, segmentEvents, segmentsOfAll } from './testing/syntheticPlayback.ts';
import { mediaPath } from '../live/events.ts';
import type { FilePlace } from './SpoolFiles.ts';

const log = createLogger('test', 'silent');
const playbackId = 'journaltest12345678';

/** Writes events as a recording does, without uploads. */
function write(
  journal: Journal,
  history: PlaybackHistory,
  events: readonly MediaEvent[],
): Map<string, FilePlace> {
  const places = new Map<string, FilePlace>();
  for (const event of events) {
    const openPath = 'rendition' in event ? history.openPath(event.rendition) : null;
    const record = history.apply(event);
    if (event.type === 'playback.started')
      journal.append({ record: { ...event, renditions: [...event.renditions] } });
    else if (event.type === 'leg.started') journal.append({ record: legRecordLine(event) });
    else if (event.type === 'init.written') {
      const path = mediaPath.init(event.rendition, event.init, event.fence);
      journal.append({
        media: { path, bytes: event.bytes },
        record: initLine({ ...event, path }, event.bytes),
      });
    } else {
      const tail = tailLineOf(event) ?? undefined;
      const media =
        event.type === 'part.written' && openPath ? { path: openPath, bytes: event.bytes } : undefined;
      const ended =
        record === null || !('rendition' in event) ? undefined : segmentLine(event.rendition, record);
      const finish =
        record === null
          ? undefined
          : { path: record.path, onFinished: (place: FilePlace) => places.set(record.path, place) };
      journal.append({ media, tail, record: ended, finish });
    }
  }
  return places;
}

describe('Journal', () => {
  let folder: string;
  let spool: Spool;
  const open: Journal[] = [];
  const openJournal = async () => {
    const opened = await Journal.open(spool, playbackId, log);
    open.push(opened.journal);
    return opened;
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'maydan-journal-'));
    spool = await Spool.create(folder, 50_000_000);
  });
  afterEach(async () => {
    for (const journal of open.splice(0)) await journal.close();
    await rm(folder, { recursive: true, force: true });
  });
  const path = (...names: string[]) => join(folder, playbackId, ...names);

  it('gives back what was written: records of all, events and bytes of the newest', async () => {
    const { journal, replay } = await openJournal();
    expect(replay.history.started).toBeNull();
    const history = new PlaybackHistory();
    const newest = segmentsOfAll(10, 19);
    write(journal, history, [...legEvents(), ...segmentsOfAll(0, 9), ...newest]);
    await journal.close();
    const again = (await openJournal()).replay;
    expect(again.history.renditionIds).toEqual(['360p', 'audio']);
    expect(again.history.segments('360p')).toEqual(history.segments('360p'));
    expect(again.history.segments('audio')).toHaveLength(20);
    expect(Buffer.from(again.initBytes.get('360p/i0-1.mp4') ?? [])).toEqual(Buffer.from('init 360p 0'));
    const videoTail = again.tail.filter((event) => 'rendition' in event && event.rendition === '360p');
    const expected = newest.filter(
      (event) => 'rendition' in event && event.rendition === '360p' && 'msn' in event && event.msn >= 12,
    );
    expect(videoTail).toEqual(expected);
  });

  it('forgets what a crash tore and goes on after it', async () => {
    const first = (await openJournal()).journal;
    const history = new PlaybackHistory();
    const torn = segmentEvents('360p', 3).slice(0, 4);
    write(first, history, [...legEvents(), ...segmentsOfAll(0, 2), ...torn]);
    await first.close();
    await appendFile(path('tail-1.jsonl'), '{"type":"part.written","rendition":"360p","msn":3,"pa');
    await appendFile(path('records.jsonl'), '{"type":"segm');
    await appendFile(path('media', '360p', 's3-1.m4s'), Buffer.alloc(333));
    const { journal, replay } = await openJournal();
    const events = replay.tail.filter((event) => 'msn' in event && event.msn === 3);
    expect(events).toEqual(torn);
    expect((await readFile(path('media', '360p', 's3-1.m4s'))).byteLength).toBe(3_000);
    write(journal, replay.history, segmentsOfAll(4, 4, { fence: 2 }));
    await journal.close();
    const last = (await openJournal()).replay;
    expect(last.history.segments('audio').map(({ path: at }) => at)).toEqual([
      'audio/s0-1.m4s',
      'audio/s1-1.m4s',
      'audio/s2-1.m4s',
      'audio/s4-2.m4s',
    ]);
  });

  it('makes a gap of a segment whose bytes a power cut took, unless it is stored', async () => {
    const { journal } = await openJournal();
    write(journal, new PlaybackHistory(), [...legEvents(), ...segmentsOfAll(0, 3)]);
    journal.append({ record: { type: 'stored', path: '360p/s0-1.m4s' } });
    await journal.close();
    await truncate(path('media', '360p', 's2-1.m4s'), 10);
    await rm(path('media', '360p', 's0-1.m4s'));
    const { replay } = await openJournal();
    expect(replay.history.segments('360p').map(({ gap }) => gap ?? false)).toEqual([
      false,
      false,
      true,
      false,
    ]);
    const msns = replay.tail.flatMap((event) =>
      event.type === 'segment.started' && event.rendition === '360p' ? event.msn : [],
    );
    expect(msns).toEqual([3]);
  });

  it('keeps media in memory while the disk is full, and says so', async () => {
    const { journal } = await openJournal();
    const history = new PlaybackHistory();
    write(journal, history, [...legEvents(), ...segmentsOfAll(0, 0)]);
    await journal.flush();
    expect(journal.trouble).toBeNull();
    await symlink('/dev/full', path('media', '360p', 's1-1.m4s'));
    const places = write(journal, history, segmentsOfAll(1, 1));
    await journal.flush();
    expect(places.get('360p/s1-1.m4s')).toBe('memory');
    expect(places.get('audio/s1-1.m4s')).toBe('disk');
    const expected = segmentEvents('360p', 1).flatMap((event) =>
      event.type === 'part.written' ? [event.bytes] : [],
    );
    expect(await journal.files.read('360p/s1-1.m4s')).toEqual(Buffer.concat(expected));
    expect(spool.stashBytes).toBe(8_000);
    await journal.files.remove('360p/s1-1.m4s');
    expect(spool.stashBytes).toBe(0);
  });

  it('writes the records later that the disk refused', async () => {
    await mkdir(path('records.jsonl'), { recursive: true });
    const { journal } = await openJournal();
    write(journal, new PlaybackHistory(), [...legEvents(), ...segmentsOfAll(0, 1)]);
    await journal.flush();
    expect(journal.trouble).toMatch(/EISDIR/);
    await rmdir(path('records.jsonl'));
    journal.append({ record: { type: 'stored', path: 'audio/s0-1.m4s' } });
    await journal.flush();
    expect(journal.trouble).toBeNull();
    await journal.close();
    const { replay } = await openJournal();
    expect(replay.history.segments('audio')).toHaveLength(2);
    expect([...replay.stored]).toEqual(['audio/s0-1.m4s']);
  });

  it('never takes more than its share of disk and memory', async () => {
    spool = await Spool.create(folder, 20_000, 10_000);
    const { journal } = await openJournal();
    const places = write(journal, new PlaybackHistory(), [...legEvents(), ...segmentsOfAll(0, 3)]);
    await journal.flush();
    expect([...places.values()]).toEqual(['disk', 'disk', 'memory', 'lost', 'lost', 'lost', 'lost', 'lost']);
    expect(spool.usedBytes).toBeLessThanOrEqual(20_000);
    expect(spool.stashBytes).toBeLessThanOrEqual(10_000);
    expect(journal.trouble).toBe('the spool has reached its limit');
    await journal.close();
    expect(spool.stashBytes).toBe(0);
    await spool.remove(playbackId);
    expect(spool.usedBytes).toBe(0);
  });

  it('loses at most the last second when the process is killed', async () => {
    const program = fileURLToPath(new URL('./testing/journalWriter.ts', import.meta.url));
    const writer = spawn(process.execPath, [program, folder, playbackId], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let appended = 0;
    writer.stdout.on('data', (chunk: Buffer) => (appended += chunk.toString().split('\n').length - 1));
    try {
      await waitUntil('some segments', () => appended >= 400, 60_000);
    } finally {
      writer.kill('SIGKILL');
      await once(writer, 'close');
    }
    const { replay } = await openJournal();
    const recorded = replay.history.segments('360p').length + replay.history.segments('audio').length;
    const open = replay.tail.filter((event) => event.type === 'part.written' && event.msn >= recorded / 2);
    // A part takes 3 ms or more: so many are less than a second.
    expect(recorded * 8 + open.length).toBeGreaterThan(appended - 330);
    for (const event of replay.tail) {
      if (event.type !== 'part.written') continue;
      const written = partBytes(event.rendition, event.msn, event.part, 20_000);
      expect(written.equals(event.bytes)).toBe(true);
    }
  }, 90_000);
});
