import { once } from 'node:events';
import { SharedWarnings } from '../live/SharedWarnings.ts';
import { createLogger } from '@maydan/common';
import { signalingEvents, type MediaKind } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { OpusDecoder } from 'opus-decoder';
import {
  av1,
  enhancedClip,
  hevc,
  vp9,
  type EnhancedCodec,
} from '../../../tests/support/publish/enhancedClip.ts';
import {
  byteStream,
  decodePictures,
  keyFrames,
  wholePictures,
} from '../../../tests/support/rtp/h264Stream.ts';
import { flashAndBeep } from '../source/testing/media.ts';
import { retimed, tagsOf } from '../source/testing/runPipeline.ts';
import { timedFeed, timedTags, type FlvFeed } from '../testing/FlvRelay.ts';
import { servicePeerId } from '../sfu/SfuClient.ts';
import { IngressPeer } from './IngressPeer.ts';
import { flashesAndBeeps } from './testing/flashesAndBeeps.ts';
import { ForwardStack, publishFeed, type PublishOptions } from './testing/ForwardStack.ts';
import type { ReceivedPacket, RtpViewer } from './testing/RtpViewer.ts';

const log = createLogger('test', 'silent');
let stack: ForwardStack | null = null;
afterEach(async () => {
  await stack?.close();
  stack = null;
});

async function publish(options: PublishOptions | FlvFeed = {}): Promise<ForwardStack> {
  stack = await ForwardStack.start(options);
  await stack.publish();
  await stack.startJob();
  return stack;
}

const isVideo = ({ kind }: ReceivedPacket): boolean => kind === 'video';
const pictures = (viewer: RtpViewer): ReceivedPacket[] => wholePictures(viewer.of('video'));

/** Loudest sample of the Opus frames. */
async function loudest(packets: readonly ReceivedPacket[]): Promise<number> {
  const decoder = new OpusDecoder();
  await decoder.ready;
  try {
    const { channelData, errors } = decoder.decodeFrames(packets.map(({ payload }) => payload));
    expect(errors).toEqual([]);
    return channelData[0]?.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0) ?? 0;
  } finally {
    decoder.free();
  }
}

describe('an RTMP source in its room', () => {
  it('is there with picture and sound, untouched', async () => {
    const { view } = await publish();
    const viewer = await view();
    await viewer.receive('video', 100);
    await viewer.receive('audio', 70);
    const shown = await decodePictures(byteStream(pictures(viewer)));
    expect(shown).toMatchObject({ width: 320, height: 180 });
    expect(shown.different).toBeGreaterThan(20);
    // A beep in each second; 20 ms in each packet, on a clock of 48 kHz.
    const sound = viewer.of('audio');
    expect(await loudest(sound)).toBeGreaterThan(0.3);
    const steps = sound.slice(1).map(({ timestamp }, at) => timestamp - (sound[at]?.timestamp ?? 0));
    expect(new Set(steps)).toEqual(new Set([960]));
  }, 120_000);

  it('has large key frames spread, without a loss', async () => {
    const { view } = await publish({ size: '1280x720', bitrate: '8000k', group: 15 });
    const viewer = await view();
    await viewer.receive('video', 2_000);
    await decodePictures(byteStream(pictures(viewer)));
  }, 120_000);

  it('may be upright', async () => {
    const { view } = await publish({ size: '180x320' });
    const viewer = await view();
    await viewer.receive('video', 60);
    expect(await decodePictures(byteStream(pictures(viewer)))).toMatchObject({ width: 180, height: 320 });
  }, 120_000);

  it.each([
    ['sound', { video: false }, 'audio'],
    ['pictures', { audio: false }, 'video'],
  ] as const)(
    'may have %s alone',
    async (_, options, kind) => {
      const { view } = await publish(options);
      const viewer = await view();
      await viewer.receive(kind, 60);
      expect(viewer.packets.every((packet) => packet.kind === kind)).toBe(true);
    },
    120_000,
  );

  it('gives a picture at once to who joins in the middle of a long group', async () => {
    const { view } = await publish({ group: 300 });
    const first = await view();
    await first.receive('video', 120);
    const second = await view();
    await second.receive('video', 60);
    const late = pictures(second);
    expect(late[0]?.sequence).toBe(second.of('video')[0]?.sequence);
    // The next key frame is seconds away: who was there has seen none but their first.
    const seen = first.of('video').filter(({ atMs }) => atMs <= (late[0]?.atMs ?? 0));
    expect(keyFrames(seen)).toHaveLength(1);
    await decodePictures(byteStream(late));
  }, 120_000);
});

describe('an RTMP source in an audio session', () => {
  it('is there with its sound alone, and the broadcaster is told so', async () => {
    stack = await ForwardStack.start();
    stack.sessionType = 'audio';
    await stack.publish();
    await stack.startJob();
    const viewer = await stack.view();
    await viewer.receive('audio', 100);
    expect(viewer.of('video')).toEqual([]);
    expect(viewer.client.room.producers.map(({ kind }) => kind)).not.toContain('video');
    const warnings = new SharedWarnings(stack.redis, stack.sessionId, log);
    await waitUntil('the warning', async () => (await warnings.read()).length > 0, 30_000);
    expect(await warnings.read()).toMatchObject([{ code: 'pictureIgnored', owner: 'source' }]);
  }, 120_000);
});

describe('a peer of an RTMP source', () => {
  it('asks for what the sfu refuses more and more rarely', async () => {
    stack = await ForwardStack.start();
    const { redis, secret, sessionId } = stack;
    const refusedMs: number[] = [];
    const counting = Object.assign(createLogger('test', 'silent'), {
      warn: () => void refusedMs.push(Date.now()),
    });
    const session = {
      redis,
      secret,
      sessionId,
      sessionType: 'audio',
      role: 'ingress',
      log: counting,
    } as const;
    const peer = await IngressPeer.join(session, () => null);
    const offers = setInterval(() => peer.offer('video'), 10);
    try {
      await waitUntil('some refusals', () => refusedMs.length > 3, 30_000);
      const apartMs = refusedMs.slice(1, 4).map((at, index) => at - (refusedMs[index] ?? 0));
      expect(apartMs.map((ms, at) => ms >= 200 * 2 ** at)).toEqual([true, true, true]);
      peer.offer('audio');
      await once(peer, 'producing');
    } finally {
      clearInterval(offers);
      await peer.leave();
    }
  }, 120_000);
});

describe('the sound of an RTMP source', () => {
  it('counts among those who speak in the room, as loud as it is', async () => {
    stack = await ForwardStack.start({ tone: true, video: false });
    const peerId = servicePeerId('ingress', stack.sessionId);
    const heard: number[] = [];
    const speakers: (string | null)[] = [];
    await stack.listen((name, payload) => {
      if (name === 'speaker.changed') speakers.push(signalingEvents[name].parse(payload).peerId);
      if (name !== 'speaker.levels') return;
      const { levels } = signalingEvents[name].parse(payload);
      heard.push(...levels.filter((level) => level.peerId === peerId).map(({ dBov }) => dBov));
    });
    await stack.publish();
    await stack.startJob();
    await waitUntil('the level', () => heard.some((dBov) => dBov > -10), 30_000);
    // A sine of 0.8 of full scale has 5 dB less than a square wave of full scale.
    expect(Math.max(...heard)).toBeLessThanOrEqual(-4);
    await waitUntil('the speaker', () => speakers.includes(peerId), 30_000);
  }, 120_000);
});

describe('a picture that WebRTC can not carry', () => {
  it('is encoded anew while somebody watches, and the broadcaster is told why', async () => {
    const running = await publish({ bFrames: 2, group: 60 });
    const warnings = new SharedWarnings(running.redis, running.sessionId, log);
    await waitUntil('the warning', async () => (await warnings.read()).length > 0, 30_000);
    expect((await warnings.read())[0]).toMatchObject({ code: 'bFrames', owner: 'source' });
    const [session] = running.forward.sessions;
    expect(session?.isTranscoding).toBe(false);
    const person = await running.join();
    await waitUntil('the transcode', () => session?.isTranscoding === true, 30_000);
    const viewer = await running.view();
    await viewer.receive('video', 120);
    const shown = await decodePictures(byteStream(pictures(viewer)));
    expect(shown).toMatchObject({ width: 320, height: 180 });
    const timestamps = [...new Set(pictures(viewer).map(({ timestamp }) => timestamp))];
    expect(timestamps).toEqual(timestamps.toSorted((a, b) => a - b));
    expect(running.admission.usedCores).toBeGreaterThan(0);
    await person.leave();
    await waitUntil('the end of the transcode', () => session?.isTranscoding === false, 30_000);
    expect(running.admission.usedCores).toBe(0);
  }, 180_000);

  it('is encoded anew whatever is wrong with it, and each time the broadcaster is told what', async () => {
    const pattern = { width: 320, height: 180, frameRate: 30, durationSec: 15 };
    const enhanced = async (codec: EnhancedCodec): Promise<FlvFeed> =>
      timedFeed(timedTags(await enhancedClip(pattern, codec)));
    const kinds: [string, FlvFeed][] = [
      ['is HEVC', await enhanced(hevc)],
      ['is AV1', await enhanced(av1)],
      ['is VP9', await enhanced(vp9)],
      ['has 10 bits per sample', publishFeed({ pixelFormat: 'yuv420p10le' })],
      ['has chroma format 4:4:4', publishFeed({ pixelFormat: 'yuv444p' })],
      ['has interlaced pictures', publishFeed({ interlaced: true })],
    ];
    stack = await ForwardStack.start();
    const running = stack;
    const warnings = new SharedWarnings(running.redis, running.sessionId, log);
    await running.startJob();
    await running.join();
    let viewer: RtpViewer | null = null;
    for (const [index, [reason, feed]] of kinds.entries()) {
      running.relay.feed = feed;
      running.relay.hangUp();
      await running.publish(index + 1);
      const isTold = async (): Promise<boolean> =>
        (await warnings.read())[0]?.message.includes(reason) ?? false;
      await waitUntil(`a warning that says ${reason}`, isTold, 30_000);
      expect(await warnings.read()).toMatchObject([{ code: 'notWebRtcSafe', owner: 'source' }]);
      viewer ??= await running.view();
      const { packets } = viewer;
      const before = packets.length;
      const received = (): ReceivedPacket[] => packets.slice(before).filter(isVideo);
      const whole = (): ReceivedPacket[] =>
        keyFrames(received()).length > 0 ? wholePictures(received()) : [];
      const count = (): number => new Set(whole().map(({ timestamp }) => timestamp)).size;
      await waitUntil(`pictures of what ${reason}`, () => count() > 30, 30_000);
      const shown = await decodePictures(byteStream(whole()));
      expect(shown).toMatchObject({ width: 320, height: 180 });
      expect(shown.different).toBeGreaterThan(20);
    }
  }, 180_000);
});

describe('the clock of an RTMP source', () => {
  const secondJump = -1_500_000;
  /** Jumps an hour ahead after 3 s, and back after 5 s. */
  const jumping = async (): Promise<FlvFeed> => {
    const tags = tagsOf(await flashAndBeep({ seconds: 30, sampleRate: 44_100, channels: 1 }));
    const clock = (at: number): number => at + (at > 3_000 ? 3_600_000 : 0) + (at > 5_000 ? secondJump : 0);
    const jumped = retimed(tags, clock);
    return timedFeed(tags.map(({ timestampMs }, at) => ({ atMs: timestampMs, tag: jumped[at]! })));
  };
  const irregular = publishFeed({
    ...{ audioRateHz: 44_100, audioChannels: 1 },
    filter: "select='not(eq(mod(n,5),3))*not(eq(mod(n,17),5))'",
  });

  it.each<[string, () => FlvFeed | Promise<FlvFeed>]>([
    ['sends pictures irregularly, and 44.1 kHz mono sound', () => irregular],
    ['jumps', jumping],
  ])(
    'may be one that %s: the sound has no hole and fits the picture',
    async (_, feed) => {
      const { view } = await publish(await feed());
      const viewer = await view();
      await viewer.receive('audio', 400);
      // Pictures may begin later than the sound, and come later.
      await viewer.receiveSec('video', 8);
      await viewer.receive('audio', viewer.of('audio').length + 50);
      const sound = viewer.of('audio');
      const steps = sound.slice(1).map(({ timestamp }, at) => timestamp - (sound[at]?.timestamp ?? 0));
      expect(new Set(steps)).toEqual(new Set([960]));
      const { flashesMs, beepsMs } = await flashesAndBeeps(viewer);
      expect(flashesMs.length).toBeGreaterThanOrEqual(6);
      const apart = flashesMs.map((flash) => Math.min(...beepsMs.map((beep) => Math.abs(beep - flash))));
      expect(Math.max(...apart)).toBeLessThan(100);
    },
    120_000,
  );
});

describe('a forward', () => {
  it('comes back into the room of a new sfu', async () => {
    const running = await publish();
    const before = await running.view();
    await before.receive('video', 30);
    await running.sfu.kill();
    await running.sfu.start();
    const after = await running.view();
    await after.receive('video', 60);
    await after.receive('audio', 30);
    await decodePictures(byteStream(pictures(after)));
  }, 180_000);

  it('goes on in the same room on the node that is left when another dies', async () => {
    stack = await ForwardStack.start({}, { SFU_CONSUMERS_PER_WORKER: '1' });
    const running = stack;
    await running.publish();
    await running.startJob();
    const first = await running.view();
    await first.receive('video', 30);
    await running.startSfu();
    await waitUntil('the first node to be full', () => running.isFull(first.client.node), 30_000);
    const viewer = await running.view();
    expect(viewer.client.node.nodeId).not.toBe(first.client.node.nodeId);
    await viewer.receive('video', 30);
    await viewer.receive('audio', 30);
    const added: Partial<Record<MediaKind, number>> = {};
    viewer.client.on('producer.added', ({ producer }) => (added[producer.kind] = Date.now()));
    const killedMs = Date.now();
    await running.sfu.kill('SIGKILL');
    const back = (kind: MediaKind): ReceivedPacket[] =>
      viewer.of(kind).filter(({ atMs }) => atMs >= (added[kind] ?? Infinity));
    await waitUntil(
      'picture and sound',
      () => back('video').length > 60 && back('audio').length > 60,
      30_000,
    );
    expect(await decodePictures(byteStream(wholePictures(back('video'))))).toMatchObject({ width: 320 });
    expect(await loudest(back('audio'))).toBeGreaterThan(0.3);
    for (const kind of ['video', 'audio'] as const)
      expect((back(kind)[0]?.atMs ?? Infinity) - killedMs).toBeLessThan(5_000);
    expect(running.relay.played).toBe(1);
  }, 120_000);

  it('goes on with the next publish, on the same producers', async () => {
    const running = await publish();
    const viewer = await running.view();
    await viewer.receive('video', 30);
    const grace = new Date(Date.now() + 30_000).toISOString();
    await running.control({ rtmp: null, graceDeadlineAt: grace });
    running.relay.hangUp();
    await running.publish(2);
    const count = viewer.of('video').length;
    await viewer.receive('video', count + 60);
    const timestamps = [...new Set(viewer.of('video').map(({ timestamp }) => timestamp))];
    expect(timestamps).toEqual(timestamps.toSorted((a, b) => a - b));
    expect(running.relay.played).toBe(2);
  }, 120_000);

  it('goes on while Redis is restarted, and hears of the end after it', async () => {
    const running = await publish();
    const viewer = await running.view();
    await viewer.receive('video', 30);
    await running.restartRedis();
    await viewer.receive('video', viewer.of('video').length + 60);
    const gone = new Promise((resolve) => viewer.client.once('peer.left', resolve));
    await running.control({ desired: 'stop', stopReason: 'hostEnded', rtmp: null });
    await gone;
  }, 120_000);

  it('is taken over by another worker when its own one ends', async () => {
    const running = await publish();
    const viewer = await running.view();
    await viewer.receive('video', 30);
    const next = running.startForward();
    await running.forward.close();
    await waitUntil('the other worker', () => next.sessions.length === 1, 30_000);
    const after = await running.view();
    await after.receive('video', 30);
    await after.receive('audio', 30);
  }, 120_000);

  it('ends with its session and leaves nobody in the room', async () => {
    const running = await publish();
    const viewer = await running.view();
    await viewer.receive('video', 10);
    const gone = new Promise((resolve) => viewer.client.once('peer.left', resolve));
    await running.control({ desired: 'stop', stopReason: 'hostEnded', rtmp: null });
    await gone;
    await waitUntil('the end of the job', async () => (await running.jobs()) === 0, 30_000);
    expect(running.forward.sessions).toEqual([]);
  }, 120_000);
});
