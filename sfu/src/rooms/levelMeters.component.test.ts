import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { jest } from '@jest/globals';
import { createLogger } from '@maydan/common';
import * as mediasoup from 'mediasoup';
import type { types } from 'mediasoup';
import { ProbeThread } from '../picture/ProbeThread.ts';
import { audioSsrc, levelPacket, opusRtp, silentPacket, tellingRtp } from '../testing/rtp.ts';
import { until } from '../testing/until.ts';
import { workerBin } from '../testing/workerBin.ts';
import { LevelMeters } from './LevelMeters.ts';
import type { Listening } from './LevelMeters.ts';
import { mediaCodecs } from './mediaCodecs.ts';

const logger = createLogger('sfu', 'silent');
const thread = new ProbeThread(logger);
const options = { thread, portRange: { min: 40_100, max: 49_999 }, logger };
const pcmu = { mimeType: 'audio/PCMU', payloadType: 0, clockRate: 8_000, channels: 1 } as const;
let worker: types.Worker;
let router: types.Router;
beforeAll(async () => {
  worker = await mediasoup.createWorker({ workerBin: workerBin(), logLevel: 'error' });
});
afterAll(async () => {
  worker.close();
  await thread.close();
});
beforeEach(async () => {
  router = await worker.createRouter({ mediaCodecs: [...mediaCodecs, { kind: 'audio', ...pcmu }] });
});
afterEach(() => router.close());

/** A producer to send to by `send`. */
async function produce(rtpParameters: types.RtpParameters = opusRtp()): Promise<types.Producer> {
  const transport = await router.createDirectTransport();
  return transport.produce({ kind: 'audio', rtpParameters });
}

/** Each stands for 20 ms. */
async function levelsTold(heard: Listening | null): Promise<number> {
  return (await heard?.producer.getStats())?.[0]?.packetCount ?? 0;
}

/** Level of a sine of ffmpeg: in stereo it is 24 dB below overload. */
async function levelOfTone(meters: LevelMeters, frameMs: number): Promise<number> {
  const listenInfo = { protocol: 'udp', ip: '127.0.0.1' } as const;
  const transport = await router.createPlainTransport({ listenInfo, comedia: true, rtcpMux: false });
  const producer = await transport.produce({ kind: 'audio', rtpParameters: opusRtp() });
  const heard = await meters.open(router, producer, false);
  const ffmpeg = spawn(
    'ffmpeg',
    [
      ...['-v', 'error', '-nostdin', '-re', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000'],
      ...['-c:a', 'libopus', '-b:a', '32k', '-ac', '2', '-frame_duration', String(frameMs)],
      ...['-ssrc', String(audioSsrc), '-payload_type', '111', '-f', 'rtp'],
      `rtp://127.0.0.1:${transport.tuple.localPort}?rtcpport=${transport.rtcpTuple?.localPort ?? 0}`,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  try {
    // After the first packets, in which the encoder begins.
    await until('its beginning', async () => (await levelsTold(heard)) >= 10);
    heard?.loudness.take();
    const before = await levelsTold(heard);
    await until('half a second', async () => (await levelsTold(heard)) >= before + 25);
    return heard?.loudness.take() ?? -127;
  } finally {
    const gone = once(ffmpeg, 'exit');
    ffmpeg.kill('SIGKILL');
    await gone;
  }
}

describe('levels of sound whose sender tells none', () => {
  it.each([20, 60])('are heard in packets of %i ms', async (frameMs) => {
    const meters = new LevelMeters(options);
    const level = await levelOfTone(meters, frameMs);
    expect(Math.abs(level + 24)).toBeLessThanOrEqual(1);
    router.close();
    expect(meters.decoders).toBe(0);
  });

  it('are heard of so many at most, and of another one when one ends', async () => {
    const meters = new LevelMeters({ ...options, most: 1 });
    const first = await produce();
    const teller = (await meters.open(router, first, false))?.producer;
    expect(teller?.closed).toBe(false);
    const second = await produce();
    expect(await meters.open(router, second, false)).toBeNull();
    first.close();
    await until('the end of the meter', () => meters.decoders === 0);
    expect(teller?.closed).toBe(true);
    expect(await meters.open(router, second, false)).not.toBeNull();
  });

  it('are not heard of who is gone, nor of what is not Opus, and leave nothing', async () => {
    const meters = new LevelMeters(options);
    const gone = await produce();
    gone.close();
    await expect(meters.open(router, gone, false)).rejects.toThrow('not found');
    const other = await produce({ codecs: [pcmu], encodings: [{ ssrc: 5 }] });
    expect(await meters.open(router, other, false)).toBeNull();
    expect(meters.decoders).toBe(0);
  });

  it.each([false, true])(
    'are not heard, and leave no timer, when the room ends while the meter is made',
    async (tellsLevel) => {
      const meters = new LevelMeters(options);
      const producer = await produce();
      router.observer.once('newtransport', ({ observer }) => {
        observer.once('newconsumer', () => router.close());
      });
      const begun = jest.spyOn(globalThis, 'setInterval');
      try {
        await expect(meters.open(router, producer, tellsLevel)).rejects.toThrow();
        expect(begun).not.toHaveBeenCalled();
      } finally {
        begun.mockRestore();
      }
      expect(meters.decoders).toBe(0);
    },
  );

  it('are heard of so many packets in a second, and again in the next, of who sends more than a voice has', async () => {
    const meters = new LevelMeters(options);
    const producer = await produce();
    const beforeMs = performance.now();
    const heard = await meters.open(router, producer, false);
    /** Of the seconds that may have begun by now. */
    const most = (): number => 250 * (1 + Math.floor((performance.now() - beforeMs) / 1_000));
    let sequence = 0;
    const send = (count: number): void => {
      for (let nth = 0; nth < count; nth++) producer.send(silentPacket(sequence++));
    };
    send(1_000);
    await until('the levels of a second', async () => (await levelsTold(heard)) >= 250);
    expect(await levelsTold(heard)).toBeLessThanOrEqual(most());
    await until('levels of what comes later', async () => {
      send(1);
      return (await levelsTold(heard)) > 270;
    });
    send(1_000);
    await until('a second burst', async () => (await levelsTold(heard)) >= 400);
    expect(await levelsTold(heard)).toBeLessThanOrEqual(most());
    expect([meters.decoders, producer.closed, heard?.producer.closed]).toEqual([1, false, false]);
    producer.close();
    await until('the end of the meter', () => meters.decoders === 0);
  });
});

describe('levels of sound whose sender tells them', () => {
  it.each([
    ['a voice', Array<number>(25).fill(20), -20],
    // Opus with DTX sends next to nothing in silence: this is all of half a second.
    ['a beep, then silence that is not sent', [14, ...Array<number>(9).fill(127)], -24],
    ['words behind a noise gate', [...Array<number>(10).fill(30), ...Array<number>(15).fill(127)], -34],
    ['the noise of a room', Array<number>(25).fill(75), -75],
    ['silence', Array<number>(25).fill(127), -127],
  ])('are heard of %s', async (_what, sent, level) => {
    const producer = await produce(tellingRtp());
    const heard = await new LevelMeters(options).open(router, producer, true);
    expect(heard?.producer).toBe(producer);
    const arrived = jest.spyOn(heard!.loudness, 'add');
    sent.forEach((each, sequence) => producer.send(levelPacket(sequence, each)));
    const arrivedMs = (): number => arrived.mock.calls.reduce((sum, [{ durationMs }]) => sum + durationMs, 0);
    await until('all of it', () => arrivedMs() === 20 * sent.length);
    expect(heard?.loudness.take()).toBe(level);
    expect(heard?.loudness.take()).toBe(-127);
  });

  it('are heard of several at once, and anew after their thread broke', async () => {
    const meters = new LevelMeters(options);
    const [loud, soft] = [await produce(tellingRtp()), await produce(tellingRtp())];
    const open = () => Promise.all([loud, soft].map((producer) => meters.open(router, producer, true)));
    const first = await open();
    let sequence = 0;
    const voices = setInterval(() => {
      loud.send(levelPacket(sequence, 20));
      soft.send(levelPacket(sequence++, 40));
    }, 20);
    const areHeard = (heard: readonly (Listening | null)[]): Promise<void> =>
      until('both as loud as they are', async () => {
        await delay(500);
        return isDeepStrictEqual(
          heard.map((one) => one?.loudness.take()),
          [-20, -40],
        );
      });
    try {
      await areHeard(first);
      // As when the thread ended by itself.
      thread.emit('gone');
      for (const one of first) await one?.ended;
      expect([loud.closed, soft.closed]).toEqual([false, false]);
      await areHeard(await open());
    } finally {
      clearInterval(voices);
    }
    loud.close();
    soft.close();
  });
});
