import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { playbackKeys } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { run } from './packager/testing/ffmpeg.ts';
import { useWorkerStack } from './testing/useWorkerStack.ts';

const segmentNumbers = (playlist: string): number[] =>
  [...playlist.matchAll(/^s(\d+)-\d+\.m4s$/gm)].map(([, msn]) => Number(msn));
const mediaSequence = (playlist: string): number => Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(playlist)?.[1]);
const discontinuities = (playlist: string): number =>
  (playlist.match(/^#EXT-X-DISCONTINUITY$/gm) ?? []).length;

/** A busy machine makes the publisher's frames late, or the encoder slow, and that is said, too. */
const isOfLoad = ({ code }: { code: string }): boolean => ['framesLate', 'encoderTooSlow'].includes(code);

/** Decodes a whole recording over HTTP as a player without hls.js would, and returns its duration in seconds. */
async function play(url: string): Promise<number> {
  const { stderr } = await run('ffmpeg', [
    '-v',
    'error',
    '-xerror',
    '-i',
    url,
    '-map',
    '0:v:0',
    '-map',
    '0:a:0',
    '-f',
    'null',
    '-',
  ]);
  if (stderr !== '') throw new Error(`ffmpeg complains of ${url}: ${stderr}`);
  const { stdout } = await run('ffprobe', [
    '-v',
    'error',
    '-show_entries',
    'format=duration',
    '-of',
    'csv=p=0',
    url,
  ]);
  return Number(stdout);
}

/** Mean luma of a picture, 0 to 255; black is 16 or less. */
async function brightness(url: string): Promise<number> {
  const filter = 'signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-';
  const { stdout } = await run('ffmpeg', ['-v', 'error', '-i', url, '-vf', filter, '-f', 'null', '-']);
  return Number(/YAVG=([\d.]+)/.exec(stdout)?.[1]);
}

describe('the workers process', () => {
  const used = useWorkerStack();

  it('makes a published stream a live playback and then a recording with pictures', async () => {
    await used.stack.startWorker();
    const session = await used.stack.startSession();
    const { playbackId } = session;
    expect(await session.fact('live.accepted', 60_000)).toMatchObject({ playbackId, fence: 1 });
    const ready = await session.fact('live.ready', 60_000);
    expect(ready).toMatchObject({ epoch: 1, fence: 1, audioOnly: false });
    expect(ready.renditions).toContain('audio');
    const top = ready.renditions[0] ?? '';
    expect(await session.playlist('index.m3u8')).toContain(`${top}/index.m3u8`);
    await waitUntil(
      'three segments',
      async () => segmentNumbers(await session.playlist(`${top}/index.m3u8`)).length >= 3,
      60_000,
    );
    expect(await session.playlist(`${top}/index.m3u8`)).toMatch(/#EXT-X-PART:DURATION=.*INDEPENDENT=YES/);
    await waitUntil(
      'the health of a stream that plays',
      async () =>
        (await used.stack.facts(session.sessionId)).some(
          (one) => one.type === 'live.health' && one.health.video !== null,
        ),
      60_000,
    );
    const reports = (await used.stack.facts(session.sessionId)).filter((one) => one.type === 'live.health');
    const health = reports.findLast((one) => one.health.video !== null)?.health;
    expect(health).toMatchObject({
      video: { codec: 'h264', width: 320, height: 180 },
      renditions: ready.renditions,
    });
    expect(health?.warnings.filter((warning) => !isOfLoad(warning))).toEqual([]);
    const figures = await (await fetch(`http://127.0.0.1:${used.stack.opsPort}/metrics`)).text();
    expect(figures).toMatch(/^maydan_workers_live_sessions\{.*\} 1$/m);
    expect(figures).toMatch(/^maydan_workers_queue_jobs\{queue="live",state="active",.*\} 1$/m);
    expect(figures).toMatch(/^maydan_workers_upload_lag_bytes\{.*\} \d+$/m);
    expect(figures).toMatch(/^maydan_origin_part_latency_seconds_count\{.*\} [1-9]/m);
    expect((await fetch(`http://127.0.0.1:${used.stack.opsPort}/health/ready`)).status).toBe(200);
    await session.stop();
    const ended = await session.fact('live.ended', 60_000);
    expect(ended).toMatchObject({ failure: null, recorded: true });
    expect(ended.durationMs).toBeGreaterThan(4_000);
    expect(await session.playlist('index.m3u8')).toContain('EXT-X-I-FRAME-STREAM-INF');
    await waitUntil(
      'the end of the playlist',
      async () => (await session.playlist(`${top}/index.m3u8`)).includes('#EXT-X-ENDLIST'),
      60_000,
    );
    expect(await play(session.url('index.m3u8'))).toBeCloseTo(ended.durationMs / 1_000, 0);
    await used.stack.orderImages(session, ended.durationMs);
    const images = await session.fact('vod.imagesReady', 60_000);
    const poster = session.url(images.posterPath);
    expect((await fetch(poster)).headers.get('content-type')).toBe('image/jpeg');
    expect(await brightness(poster)).toBeGreaterThan(40);
    const storyboard = await session.playlist(images.storyboardPath ?? '');
    expect(storyboard).toMatch(/storyboard-1\.jpg#xywh=0,0,160,90/);
    expect((await fetch(session.url('storyboard-1.jpg'))).status).toBe(200);
    expect(used.stack.relay.refused).toBe(0);
  }, 180_000);

  it('leaves the picture out of an audio session and of its recording, and says so', async () => {
    await used.stack.startWorker();
    const session = await used.stack.startSession('audio');
    const ready = await session.fact('live.ready', 60_000);
    expect(ready).toMatchObject({ audioOnly: true, renditions: ['audio'] });
    await waitUntil(
      'two segments',
      async () => segmentNumbers(await session.playlist('audio/index.m3u8')).length >= 2,
      60_000,
    );
    const isTold = async (): Promise<boolean> =>
      (await used.stack.facts(session.sessionId)).some(
        (one) => one.type === 'live.health' && one.health.audio !== null,
      );
    await waitUntil('the health of a stream that plays', isTold, 60_000);
    const reports = (await used.stack.facts(session.sessionId)).filter((one) => one.type === 'live.health');
    const health = reports.findLast((one) => one.health.audio !== null)?.health;
    expect(health).toMatchObject({ video: null, audio: { codec: 'aac' } });
    expect(health?.warnings.filter((warning) => !isOfLoad(warning))).toMatchObject([
      { code: 'pictureIgnored', owner: 'source' },
    ]);
    await session.stop();
    expect(await session.fact('live.ended', 60_000)).toMatchObject({ failure: null, recorded: true });
    const { stdout } = await run('ffprobe', [
      ...['-v', 'error', '-show_entries', 'stream=codec_type', '-of', 'csv=p=0'],
      session.url('index.m3u8'),
    ]);
    expect([...new Set(stdout.match(/\w+/g))]).toEqual(['audio']);
  }, 180_000);

  it('goes on after kill -9: numbers rise, one discontinuity, nothing recorded is lost', async () => {
    await used.stack.startWorker();
    const session = await used.stack.startSession();
    const { renditions } = await session.fact('live.ready', 60_000);
    const path = `${renditions[0] ?? ''}/index.m3u8`;
    await waitUntil(
      'three segments',
      async () => segmentNumbers(await session.playlist(path)).length >= 3,
      60_000,
    );
    const before = await session.playlist(path);
    await used.stack.stopWorker('SIGKILL');
    const killedAt = Date.now();
    await used.stack.startWorker();
    const again = await session.fact('live.accepted', 60_000, 2);
    expect(again.fence).toBe(2);
    expect(Date.now() - killedAt).toBeLessThan(15_000);
    const last = Math.max(...segmentNumbers(before));
    await waitUntil(
      'new segments',
      async () => Math.max(...segmentNumbers(await session.playlist(path))) >= last + 3,
      60_000,
    );
    const after = await session.playlist(path);
    expect(mediaSequence(after)).toBe(mediaSequence(before));
    // What the crash tore before its first part stands as a gap; the numbering has no hole.
    const listed = after.match(/^#EXTINF:/gm)?.length ?? 0;
    expect(mediaSequence(after) + listed - 1).toBe(Math.max(...segmentNumbers(after)));
    expect(segmentNumbers(after).length).toBeGreaterThanOrEqual(listed - 1);
    expect(discontinuities(after)).toBe(1);
    await session.stop();
    const ended = await session.fact('live.ended', 60_000);
    expect(ended).toMatchObject({ failure: null, recorded: true, fence: 2 });
    expect(await play(session.url('index.m3u8'))).toBeGreaterThan(8);
    await waitUntil(
      'the tidying',
      async () => (await used.stack.redis.exists(playbackKeys.segments(session.playbackId))) === 0,
      60_000,
    );
    await waitUntil(
      'an empty spool',
      async () => (await readdir(join(used.stack.folder, 'spool'))).length === 0,
      60_000,
    );
  }, 240_000);

  it('hands its sessions over when it is told to go', async () => {
    await used.stack.startWorker();
    const session = await used.stack.startSession();
    await session.fact('live.ready', 60_000);
    expect(await used.stack.stopWorker('SIGTERM')).toBe(0);
    await used.stack.startWorker();
    expect((await session.fact('live.accepted', 60_000, 2)).fence).toBe(2);
    await session.fact('live.ready', 60_000, 2);
    await session.stop();
    expect(await session.fact('live.ended', 60_000)).toMatchObject({ failure: null, recorded: true });
    await play(session.url('index.m3u8'));
  }, 240_000);
});
