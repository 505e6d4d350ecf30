import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createLogger } from '@maydan/common';
import * as mediasoup from 'mediasoup';
import type { types } from 'mediasoup';
import {
  byteStream,
  decodePictures,
  keyFrames,
  wholePictures,
} from '../../../tests/support/rtp/h264Stream.ts';
import { waitFor } from '../../../tests/support/waitFor.ts';
import { mediaCodecs } from '../rooms/mediaCodecs.ts';
import { until } from '../testing/until.ts';
import { workerBin } from '../testing/workerBin.ts';
import { FastStart } from './FastStart.ts';
import { readRtp, type RtpPacket } from './rtpPacket.ts';

const logger = createLogger('sfu', 'silent');
const listenInfo = { protocol: 'udp' as const, ip: '127.0.0.1' };
const videoSsrc = 0x6d61_7964;
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Received extends RtpPacket {
  readonly atMs: number;
}

interface Source {
  readonly router: types.Router;
  readonly producer: types.Producer;
  readonly fastStart: FastStart;
}

/** Stands for a viewer: a plain transport to a socket of its own. */
class Viewer {
  readonly packets: Received[] = [];
  consumer: types.Consumer | undefined;
  readonly transport: types.PlainTransport;

  static async create(router: types.Router): Promise<Viewer> {
    const socket: Socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    cleanups.push(() => socket.close());
    socket.setRecvBufferSize(4 * 1024 * 1024);
    const transport = await router.createPlainTransport({ listenInfo, rtcpMux: true });
    await transport.connect({ ip: '127.0.0.1', port: socket.address().port });
    const viewer = new Viewer(transport);
    socket.on('message', (bytes: Buffer) => {
      // Others are RTCP and probes of the bandwidth.
      const isOurs = bytes.readUInt32BE(8) === viewer.consumer?.rtpParameters.encodings?.[0]?.ssrc;
      const packet = isOurs ? readRtp(bytes) : null;
      if (packet !== null) viewer.packets.push({ ...packet, atMs: performance.now() });
    });
    return viewer;
  }

  constructor(transport: types.PlainTransport) {
    this.transport = transport;
  }

  async consume({ router, producer, fastStart }: Source): Promise<types.Consumer> {
    const { rtpCapabilities } = router;
    const { transport } = this;
    const consumer = await fastStart.consume({ router, producer, transport }, (producerId) =>
      this.transport.consume({ producerId, rtpCapabilities, paused: true }),
    );
    this.consumer = consumer;
    return consumer;
  }
}

/** One group of pictures without end, as RTP from a real encoder. */
function publish({ tuple, rtcpTuple }: types.PlainTransport, group: number): ChildProcess {
  const address = `rtp://127.0.0.1:${tuple.localPort}?rtcpport=${rtcpTuple?.localPort ?? 0}&pkt_size=1200`;
  const child = spawn(
    process.env['FFMPEG_PATH'] ?? 'ffmpeg',
    [
      ...['-v', 'error', '-nostdin', '-re', '-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=30'],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-profile:v', 'baseline'],
      ...[
        '-pix_fmt',
        'yuv420p',
        '-g',
        String(group),
        '-sc_threshold',
        '0',
        '-b:v',
        '500k',
        '-payload_type',
        '96',
      ],
      ...['-ssrc', String(videoSsrc), '-f', 'rtp', address],
    ],
    { stdio: 'ignore' },
  );
  cleanups.push(() => child.kill('SIGKILL'));
  return child;
}

async function setUp(options: { group?: number; maxCohorts?: number } = {}) {
  const worker = await mediasoup.createWorker({ workerBin: workerBin() });
  cleanups.push(() => worker.close());
  const router = await worker.createRouter({ mediaCodecs });
  const inlet = await router.createPlainTransport({ listenInfo, rtcpMux: false, comedia: true });
  const producer = await inlet.produce({
    kind: 'video',
    rtpParameters: {
      codecs: [
        {
          mimeType: 'video/H264',
          payloadType: 96,
          clockRate: 90_000,
          parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 },
          rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }],
        },
      ],
      encodings: [{ ssrc: videoSsrc }],
      rtcp: { cname: 'publisher' },
    },
  });
  const { maxCohorts } = options;
  const fastStart = await FastStart.create({
    router,
    producer,
    logger,
    ...(maxCohorts === undefined ? {} : { maxCohorts }),
  });
  /** By their RTP timestamps. */
  const sent = new Set<number>();
  producer.on('trace', ({ info }) =>
    sent.add((info as { rtpPacket: { timestamp: number } }).rtpPacket.timestamp),
  );
  await producer.enableTraceEvent(['keyframe']);
  const publisher = publish(inlet, options.group ?? 300);
  /** Waits until so much of the group is over; each picture has a packet at least. */
  const pictures = (count: number): Promise<void> =>
    until('pictures', async () => {
      const [stats] = await producer.getStats();
      return (stats?.packetCount ?? 0) >= 2 * count;
    });
  /** How many the publisher has sent; the Worker answers after it has told of those before. */
  const keyFramesSent = async (): Promise<number> => {
    await producer.getStats();
    return sent.size;
  };
  return { worker, router, producer, fastStart, publisher, pictures, keyFramesSent };
}

describe('a viewer who joins in the middle of a group of ten seconds', () => {
  it('gets whole pictures from the key frame on, and goes on with the live ones', async () => {
    const source = await setUp();
    const { fastStart, pictures, router } = source;
    await pictures(60);
    // One comes by itself now and then, the more so on a slow machine; who begins without one didn't wait for it.
    const { viewer, consumer } = await waitFor('a beginning without another key frame', async () => {
      const viewer = await Viewer.create(router);
      const consumer = await viewer.consume(source);
      const before = await source.keyFramesSent();
      await consumer.resume();
      await until('a beginning', () => viewer.packets.length > 0);
      if ((await source.keyFramesSent()) === before) return { viewer, consumer };
      consumer.close();
      return undefined;
    });
    expect(keyFrames(viewer.packets)[0]).toBe(0);
    await until('pictures of the past and the present', () => {
      return viewer.packets.filter(({ marker }) => marker).length >= 120;
    });
    expect(await decodePictures(byteStream(wholePictures(viewer.packets)))).toMatchObject({
      width: 320,
      height: 180,
    });
    await until('its cohort alone', () => fastStart.cohorts === 1);
    consumer.close();
    await until('the end of the cohort', () => fastStart.cohorts === 0);
  });

  it('shares the cohort of those who join with it', async () => {
    const source = await setUp();
    const { fastStart, pictures, router } = source;
    await pictures(30);
    const viewers = await Promise.all([1, 2, 3].map(() => Viewer.create(router)));
    const consumers = await Promise.all(viewers.map((viewer) => viewer.consume(source)));
    expect(fastStart.cohorts).toBe(1);
    for (const consumer of consumers) await consumer.resume();
    for (const viewer of viewers) {
      await until('pictures', () => viewer.packets.filter(({ marker }) => marker).length >= 40);
      expect(keyFrames(viewer.packets)[0]).toBe(0);
      await decodePictures(byteStream(wholePictures(viewer.packets)));
    }
  });

  it('does not wait for one who never resumes', async () => {
    const source = await setUp();
    const { pictures, router } = source;
    await pictures(30);
    const [idle, eager] = [await Viewer.create(router), await Viewer.create(router)];
    const [, ready] = await Promise.all([idle.consume(source), eager.consume(source)]);
    await ready.resume();
    await until('pictures', () => eager.packets.length > 20);
    expect(keyFrames(eager.packets)[0]).toBe(0);
    expect(idle.packets).toEqual([]);
  });

  it('waits for the next key frame when there are cohorts enough', async () => {
    const source = await setUp({ group: 90, maxCohorts: 1 });
    const { router, producer, pictures } = source;
    await pictures(20);
    const [first, second] = [await Viewer.create(router), await Viewer.create(router)];
    const early = await first.consume(source);
    await early.resume();
    await until('the burst', () => first.packets.length > 10);
    const late = await second.consume(source);
    expect(early.producerId).not.toBe(producer.id);
    expect(late.producerId).toBe(producer.id);
    await late.resume();
    await until('the next key frame', () => second.packets.length > 10);
    expect(keyFrames(second.packets)[0]).toBe(0);
  });
});

describe('a cohort', () => {
  it('is paused, resumed and closed with what it stands in for', async () => {
    const source = await setUp();
    const { router, producer, fastStart, pictures } = source;
    await pictures(30);
    const viewer = await Viewer.create(router);
    const consumer = await viewer.consume(source);
    await consumer.resume();
    await producer.pause();
    await until('the pause', () => consumer.producerPaused);
    await producer.resume();
    await until('the end of the pause', () => !consumer.producerPaused);
    producer.close();
    await until('the end', () => consumer.closed);
    expect(fastStart.cohorts).toBe(0);
  });

  it('leaves nothing behind', async () => {
    const source = await setUp();
    const { worker, router, fastStart, producer, pictures } = source;
    await pictures(30);
    const before = await router.dump();
    for (let count = 0; count < 5; count += 1) {
      const viewer = await Viewer.create(router);
      const consumer = await viewer.consume(source);
      await consumer.resume();
      await until('packets', () => viewer.packets.length > 0);
      viewer.transport.close();
    }
    await until('the end of the cohorts', () => fastStart.cohorts === 0);
    expect(await router.dump()).toEqual(before);
    producer.close();
    await until('the end of the cache', async () => (await router.dump()).transportIds.length === 1);
    expect(worker.closed).toBe(false);
  });
});
