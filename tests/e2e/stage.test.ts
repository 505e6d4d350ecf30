import { createLogger, createRedis, listSfuNodes } from '@maydan/common';
import type { Page } from 'playwright-core';
import { NodeProcess } from '../../sfu/src/mesh/testing/NodeProcess.ts';
import {
  StageHarness,
  stageOf,
  waitForMovingPicture,
  waitForReturn,
  waitForSound,
  waitForStage,
} from '../../web/src/testing/StageHarness.ts';
import { childrenOf } from '../../workers/src/stage/testing/processes.ts';
import { areaLuma, VideoProbe } from '../support/browser/index.ts';
import { checkMedia, pictureTimes } from '../support/mediaCheck.ts';
import { readTopPlaylist, waitForNewerSegment } from '../support/playlists.ts';
import { RestreamPlace } from '../support/restreamed.ts';
import { waitFor } from '../support/waitFor.ts';

/**
 * Two cores carry three browsers and the encoders. One mediasoup Worker has everybody then, and is full with what the composed
 * stage receives of the host: whoever comes next is sent to another node when there is one.
 */
const env = {
  ...{ STAGE_HEIGHT: '270', STAGE_FRAME_RATE: '12', SFU_WORKERS: '1', SFU_CONSUMERS_PER_WORKER: '1' },
  RESTREAM_ALLOW_PRIVATE: 'true',
};
/** A lone person fills the top of the picture, two side by side leave it empty. */
const top = { left: 0, top: 0, width: 1, height: 0.08 };
/** Of two people: the host alone has it when large, and nobody when they are side by side. */
const spotlit = { left: 0.15, top: 0.16, width: 0.45, height: 0.06 };
/** The guest beside the large host. */
const beside = { left: 0.8, top: 0.42, width: 0.15, height: 0.1 };
/** Whoever lost their room is in it again by themselves within this. */
const returnMs = 5_000;
const patience = { timeoutMs: 60_000 };

/** Two browsers on stage, a third one that watches by HLS, and the recording of it all. */
describe('a stage of cameras', () => {
  let web: StageHarness;
  let host: Page;
  let guest: Page;
  let viewer: Page;
  let id: string;
  let elsewhere: RestreamPlace | undefined;
  /** Of the HLS viewer, whose player may have to begin anew. */
  const expectMoving = async (): Promise<void> => {
    const probe = await VideoProbe.attach(viewer);
    await waitFor('a moving picture', async () => (await probe.pictures(20)).distinct > 5, patience);
  };
  const topLuma = () => areaLuma(viewer.getByTestId('video'), top);
  const isSpotlit = async (): Promise<boolean> => {
    const video = viewer.getByTestId('video');
    return (await areaLuma(video, spotlit)) > 40 && (await areaLuma(video, beside)) > 40;
  };

  beforeAll(async () => {
    web = await StageHarness.start(['api', 'sfu', 'ingest', 'workers'], env);
    elsewhere = await RestreamPlace.start(await web.stack.broadcaster());
    ({ host, id } = await web.goLive());
    await waitForMovingPicture(host, '[data-testid="own-video"]');
    await waitForStage(host, 'the host to be on air', ({ own }) => Boolean(own.camera?.producerId), 60_000);
  }, 180_000);
  afterAll(async () => {
    await elsewhere?.close();
    await web?.close();
  }, 60_000);

  it('is seen and heard by a viewer of HLS', async () => {
    const session = await web.stack.waitForLive(60_000);
    expect(session.id).toBe(id);
    await waitForNewerSegment(session.playback.hlsUrl, 2);
    viewer = await web.visit(`/watch/${id}`, null);
    await expectMoving();
    const probe = await VideoProbe.attach(viewer);
    await waitFor('sound', async () => (await probe.sound(3_000)).rms > 0.01, patience);
    await waitFor('one person', async () => (await topLuma()) > 40, patience);
  }, 150_000);

  it('shows a guest beside the host, without the viewer’s player noticing', async () => {
    // AV1 in layers, as Chromium makes it.
    guest = await web.visit(`/watch/${id}?codec=av1`, 'viewer');
    await web.comeOnStage(host, guest);
    await waitForMovingPicture(host);
    await waitForSound(guest);
    const { playback } = await web.stack.visitor.sessions.get({ id });
    await waitFor('two people side by side', async () => (await topLuma()) < 30, patience);
    const { lastMsn } = await readTopPlaylist(playback.hlsUrl);
    const later = await waitForNewerSegment(playback.hlsUrl, lastMsn + 1);
    // None for the guest; a busy machine makes the composed picture uneven, which the worker then encodes anew, once.
    expect(later.discontinuities).toBeLessThanOrEqual(1);
    await expectMoving();
    // What is composed goes to other platforms, too.
    const before = elsewhere?.sent.pictures ?? 0;
    await waitFor('more pictures elsewhere', () => (elsewhere?.sent.pictures ?? 0) > before + 12, patience);
    await waitFor('sound elsewhere', () => (elsewhere?.sent.sounds ?? 0) > 20, patience);
  }, 120_000);

  it('shows the host large when the host says so, without the viewer’s player noticing', async () => {
    const { playback } = await web.stack.visitor.sessions.get({ id });
    const before = await readTopPlaylist(playback.hlsUrl);
    expect(await isSpotlit()).toBe(false);
    await host.getByTestId('layout-spotlight').check({ force: true });
    await waitFor('the host large, the guest beside', isSpotlit, patience);
    const after = await waitForNewerSegment(playback.hlsUrl, before.lastMsn + 1);
    // A busy machine may make the composed picture uneven, which the worker then encodes anew, once.
    expect(after.discontinuities - before.discontinuities).toBeLessThanOrEqual(1);
    expect((await web.stack.visitor.sessions.get({ id })).stageLayout).toBe('spotlight');
  }, 60_000);

  it('goes on without a discontinuity when the host’s camera goes off and another track of it comes', async () => {
    const { playback } = await web.stack.visitor.sessions.get({ id });
    const before = await readTopPlaylist(playback.hlsUrl);
    await host.getByTestId('toggle-camera').click();
    const isDark = async (): Promise<boolean> => (await areaLuma(viewer.getByTestId('video'), spotlit)) < 40;
    await waitFor('a place without a picture', isDark, patience);
    await host.getByTestId('toggle-camera').click();
    await waitFor('the picture again', isSpotlit, patience);
    const { lastMsn } = await readTopPlaylist(playback.hlsUrl);
    const after = await waitForNewerSegment(playback.hlsUrl, lastMsn + 1);
    expect(after.mediaSequence).toBe(before.mediaSequence);
    // Of all changes so far none; but an uneven picture may have been encoded anew, once.
    expect(after.discontinuities).toBeLessThanOrEqual(1);
  }, 90_000);

  it('is taken over when the worker that composes it is killed, with one discontinuity', async () => {
    const { playback } = await web.stack.visitor.sessions.get({ id });
    const before = await readTopPlaylist(playback.hlsUrl);
    await web.stack.killAndRestart('workers');
    const after = await waitForNewerSegment(playback.hlsUrl, before.lastMsn + 2, 90_000);
    expect(after.mediaSequence).toBe(before.mediaSequence);
    expect(after.discontinuities - before.discontinuities).toBe(1);
    await expectMoving();
    const isAsBefore = async (): Promise<boolean> => (await topLuma()) < 30 && (await isSpotlit());
    await waitFor('both people, as the host chose before', isAsBefore, patience);
  }, 200_000);

  it('is left by nobody when a mediasoup Worker is killed: all are back within 5 s, and HLS lacks nothing', async () => {
    const { playback } = await web.stack.visitor.sessions.get({ id });
    const before = await readTopPlaylist(playback.hlsUrl);
    const pages = [host, guest];
    const stages = await Promise.all(pages.map(stageOf));
    const workers = childrenOf(web.stack.pid('sfu'));
    expect(workers).toHaveLength(1);
    const killedAt = Date.now();
    for (const pid of workers) process.kill(pid, 'SIGKILL');
    const returns = await web.stack.explained(() =>
      Promise.all(pages.map((page, index) => waitForReturn(page, stages[index]?.joins ?? 0, 2))),
    );
    expect(Math.max(...returns) - killedAt).toBeLessThan(returnMs);
    for (const page of pages) {
      await waitForMovingPicture(page);
      await waitForSound(page);
    }
    const { lastMsn } = await readTopPlaylist(playback.hlsUrl);
    const after = await waitForNewerSegment(playback.hlsUrl, lastMsn + 1, 60_000);
    expect(after.mediaSequence).toBe(before.mediaSequence);
    expect(after.discontinuities - before.discontinuities).toBeLessThanOrEqual(1);
    const hasAll = async (): Promise<boolean> => {
      const elapsedSec = (Date.now() - killedAt) / 1_000;
      const { durationSec } = await readTopPlaylist(playback.hlsUrl);
      return durationSec - before.durationSec > elapsedSec - 3;
    };
    await waitFor('as much as time went by, but for the segment that is being made', hasAll, patience);
    await expectMoving();
    const probe = await VideoProbe.attach(viewer);
    await waitFor('sound', async () => (await probe.sound()).rms > 0.01, patience);
    await waitFor('two people', async () => (await topLuma()) < 30, patience);
    expect((await web.stack.waitForLive()).id).toBe(id);
  }, 150_000);

  it('spans a second sfu node, and lacks nothing when that dies with the guest on it', async () => {
    const { redisUrl, secrets } = web.stack.stack;
    const secret = { INTERNAL_SECRET: secrets.internalSecret };
    const second = await NodeProcess.start({ nodeId: 'second', redisUrl, env: secret });
    const redis = createRedis(redisUrl, createLogger('test', 'silent'));
    const nodes = async (): Promise<string[]> =>
      (await listSfuNodes(redis)).filter(({ rooms }) => rooms.includes(id)).map(({ nodeId }) => nodeId);
    try {
      await guest.getByTestId('leave-stage').click();
      await waitForStage(host, 'the guest to be gone', ({ peers }) => peers.length === 0);
      await guest.context().close();
      // Its page may connect to the nodes that the api knows when it is loaded.
      const policy = async () => (await fetch(web.stack.web)).headers.get('content-security-policy') ?? '';
      await waitFor(
        'the api to know both',
        async () => (await policy()).includes(`ws://127.0.0.1:${second.httpPort}`),
        {
          timeoutMs: 30_000,
        },
      );
      guest = await web.visit(`/watch/${id}`, 'viewer');
      await web.comeOnStage(host, guest);
      await waitFor('the room on both nodes', async () => (await nodes()).length === 2, {
        timeoutMs: 30_000,
      });
      await waitForMovingPicture(host);
      await waitFor('two people side by side', async () => (await topLuma()) < 30, { timeoutMs: 30_000 });
      const { playback } = await web.stack.visitor.sessions.get({ id });
      const before = await readTopPlaylist(playback.hlsUrl);
      const { joins } = await stageOf(guest);
      await second.stop('SIGKILL');
      await waitForReturn(guest, joins, 2);
      await waitForMovingPicture(host);
      // What the dead one said of itself goes some seconds later.
      await waitFor('the room on one', async () => (await nodes()).length === 1, { timeoutMs: 30_000 });
      const { lastMsn } = await readTopPlaylist(playback.hlsUrl);
      const after = await waitForNewerSegment(playback.hlsUrl, lastMsn + 1, 60_000);
      expect(after.mediaSequence).toBe(before.mediaSequence);
      await waitFor('two people again', async () => (await topLuma()) < 30, { timeoutMs: 30_000 });
    } finally {
      redis.disconnect();
      await second.stop('SIGKILL');
    }
  }, 150_000);

  it('goes on with the host alone when the guest has left', async () => {
    await guest.getByTestId('leave-stage').click();
    await waitForStage(host, 'the guest to be gone', ({ peers }) => Object.keys(peers).length === 0);
    await waitFor('one person', async () => (await topLuma()) > 40, patience);
  }, 90_000);

  it('comes back by itself within 5 s of a new sfu when that is killed, and its viewers keep their player', async () => {
    const { playback } = await web.stack.visitor.sessions.get({ id });
    const before = await readTopPlaylist(playback.hlsUrl);
    const { joins } = await stageOf(host);
    await web.stack.killAndRestart('sfu');
    const restartedAt = Date.now();
    expect((await waitForReturn(host, joins, 0)) - restartedAt).toBeLessThan(returnMs);
    const after = await waitForNewerSegment(playback.hlsUrl, before.lastMsn + 3, 60_000);
    expect(after.mediaSequence).toBe(before.mediaSequence);
    await expectMoving();
  }, 150_000);

  it('is a recording with picture and sound once the host has ended it', async () => {
    const { playback } = await web.stack.visitor.sessions.get({ id });
    const live = await readTopPlaylist(playback.hlsUrl);
    await host.getByTestId('end-session').click();
    await host.getByTestId('end-confirm').click();
    const ended = await web.stack.waitForState(id, 'ended', 60_000);
    expect(ended.endReason).toBe('hostEnded');
    const report = await checkMedia(playback.hlsUrl);
    expect(report.decodeErrors).toEqual([]);
    expect(report.durationSec).toBeGreaterThanOrEqual(live.durationSec - 1);
    expect(report.maxVolumeDb).toBeGreaterThan(-40);
    const times = await pictureTimes(playback.hlsUrl);
    expect(times.filter((time, at) => at > 0 && time <= (times[at - 1] ?? 0))).toEqual([]);
    expect(web.pageErrors).toEqual([]);
  }, 120_000);
});
