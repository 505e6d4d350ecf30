import { AppError, audioLevelByte, audioLevelUri, LevelMeter, opusDurationMs } from '@maydan/common';
import type { Logger } from '@maydan/common';
import type { types } from 'mediasoup';
import { noReceiver } from '../workers/PooledWorker.ts';
import { readRtp } from '../faststart/rtpPacket.ts';
import type { ProbeThread } from '../picture/ProbeThread.ts';
import { LevelReader } from './LevelReader.ts';
import { Loudness } from './Loudness.ts';

/** That decode: each takes about 0.004 cores of the event loop (ADR 14). */
const mostDecoders = 60;
/** Packets of 5 ms and some that come late; of who sends more the rest of the second isn't listened to. */
const mostPacketsPerSecond = 250;
/** mediasoup takes the mean of ten levels or more, for packets of 20 ms. */
const levelMs = 20;
const samplesPerMs = 48;
const levelId = 1;
const payloadType = 100;
const ssrc = 1;

/** Somebody whose sound is listened to. */
export interface Listening {
  /** What mediasoup's choice of who speaks goes by, on the same Router. */
  readonly producer: types.Producer;
  readonly loudness: Loudness;
  /** With the sender, or because it can't be gone on with. */
  readonly ended: Promise<void>;
}

export interface LevelMetersOptions {
  readonly thread: ProbeThread;
  readonly portRange: types.TransportPortRange;
  readonly logger: Logger;
  /** That are decoded. */
  readonly most?: number;
}

/**
 * Hears how loud sound is, packet by packet (RFC 6464): mediasoup's own observer of levels passes over who sends little (DTX). Of a
 * sender that doesn't say it, as OBS, the packets are decoded, since mediasoup doesn't, and their levels sent, without sound, as a
 * producer of its own to mediasoup's observer of who speaks.
 */
export class LevelMeters {
  readonly #options: LevelMetersOptions;
  readonly #logger: Logger;
  readonly #most: number;
  readonly #readers = new WeakMap<types.Router, Promise<LevelReader>>();
  #decoders = 0;

  constructor(options: LevelMetersOptions) {
    this.#options = options;
    this.#logger = options.logger;
    this.#most = options.most ?? mostDecoders;
  }

  /** How many senders are decoded. */
  get decoders(): number {
    return this.#decoders;
  }

  /**
   * Listens to a producer until it ends. Null for what isn't Opus, and when as many are decoded as this node may decode. @throws
   * what mediasoup throws, also when `heard` is gone, or AppError `not_found` when it ends meanwhile.
   */
  async open(router: types.Router, heard: types.Producer, tellsLevel: boolean): Promise<Listening | null> {
    if (heard.rtpParameters.codecs[0]?.mimeType.toLowerCase() !== 'audio/opus') return null;
    return tellsLevel ? this.#read(router, heard) : this.#decode(router, heard);
  }

  async #read(router: types.Router, heard: types.Producer): Promise<Listening> {
    const reader = await this.#readerOf(router);
    const { loudness, consumer } = await reader.listen(heard);
    if (consumer.closed) throw new AppError('not_found');
    return { producer: heard, loudness, ended: endOf(consumer) };
  }

  /** One for each Router, another one when that has ended. */
  async #readerOf(router: types.Router): Promise<LevelReader> {
    const { thread, portRange } = this.#options;
    const known = this.#readers.get(router);
    if (known !== undefined && !(await known).closed) return known;
    // Another one may have been quicker.
    const there = this.#readers.get(router);
    if (there !== undefined && there !== known) return there;
    const coming = LevelReader.create({ router, thread, portRange });
    this.#readers.set(router, coming);
    coming.catch(() => this.#readers.delete(router));
    return coming;
  }

  async #decode(router: types.Router, heard: types.Producer): Promise<Listening | null> {
    if (this.#decoders >= this.#most) {
      this.#logger.warn({ most: this.#most }, 'a level is not heard: as many are decoded as may be');
      return null;
    }
    this.#decoders++;
    let transport: types.DirectTransport | undefined;
    try {
      transport = await router.createDirectTransport();
      const { rtpCapabilities } = router;
      const teller = await transport.produce({ kind: 'audio', rtpParameters: tellerParameters });
      const consumer = await transport.consume({
        producerId: heard.id,
        rtpCapabilities,
        paused: true,
        appData: noReceiver,
      });
      // What has ended while it was being made says so no more.
      if (transport.closed || consumer.closed) throw new AppError('not_found');
      const ear = this.#decoding(transport, teller);
      this.#listen(transport, consumer, ear);
      const ended = endOf(consumer);
      await consumer.resume();
      return { producer: teller, loudness: ear.loudness, ended };
    } catch (error) {
      transport?.close();
      throw error;
    } finally {
      if (transport === undefined || transport.closed) this.#decoders--;
      else transport.observer.once('close', () => this.#decoders--);
    }
  }

  #decoding(transport: types.DirectTransport, teller: types.Producer): Ear {
    const meter = new LevelMeter(this.#logger);
    transport.observer.once('close', () => meter.close());
    let sequence = 0;
    return new Ear(
      (payload) => meter.levelOf(payload),
      (level, durationMs) => {
        const count = Math.max(1, Math.round(durationMs / levelMs));
        for (let nth = 0; nth < count; nth++) teller.send(levelPacket(sequence++, level));
      },
    );
  }

  #listen(transport: types.DirectTransport, consumer: types.Consumer, ear: Ear): void {
    let isDeaf = false;
    let isTold = false;
    // It may be closed by then.
    const quietly = (done: Promise<void>): void => void done.catch(() => undefined);
    const pace = setInterval(() => {
      ear.packets = 0;
      if (isDeaf) quietly(consumer.resume());
      isDeaf = false;
    }, 1_000);
    consumer.on('rtp', (packet) => {
      if (isDeaf) return;
      ear.hear(packet);
      if (ear.packets < mostPacketsPerSecond) return;
      // A burst after a stall, as over TCP, or somebody who sends too much: the Worker sends us none of it.
      isDeaf = true;
      quietly(consumer.pause());
      if (isTold) return;
      isTold = true;
      this.#logger.warn({ producerId: consumer.producerId }, 'a level is not heard of all: too many packets');
    });
    consumer.observer.once('close', () => transport.close());
    transport.observer.once('close', () => clearInterval(pace));
  }
}

const tellerParameters: types.RtpParameters = {
  codecs: [{ mimeType: 'audio/opus', payloadType, clockRate: 48_000, channels: 2 }],
  headerExtensions: [{ uri: audioLevelUri, id: levelId }],
  encodings: [{ ssrc }],
};

function endOf({ observer }: types.Consumer): Promise<void> {
  return new Promise((resolve) => void observer.once('close', () => resolve()));
}

/** As RFC 6464 tells it; null: not known. */
type LevelOf = (payload: Buffer) => number | null;
type Tell = (level: number, durationMs: number) => void;

/** Hears packets in their order: how loud the sound in each is, and how long. */
class Ear {
  readonly loudness = new Loudness();
  /** That were heard; whoever asks sets it back. */
  packets = 0;
  readonly #levelOf: LevelOf;
  readonly #tell: Tell;
  #last: number | null = null;

  constructor(levelOf: LevelOf, tell: Tell) {
    this.#levelOf = levelOf;
    this.#tell = tell;
  }

  hear(bytes: Buffer): void {
    this.packets++;
    const packet = readRtp(bytes);
    if (packet === null) return;
    const { sequence, payload } = packet;
    // A decoder builds on what it decoded before: what comes late is left out.
    if (this.#last !== null && ((sequence - this.#last) & 0xffff) >= 0x8000) return;
    this.#last = sequence;
    const level = this.#levelOf(payload);
    const durationMs = opusDurationMs(payload);
    if (level === null || durationMs === null) return;
    this.loudness.hear(level, durationMs);
    this.#tell(level, durationMs);
  }
}

/** Header, the extension (RFC 8285, section 4.2: one word of one byte each), and an Opus frame of silence (one byte). */
function levelPacket(sequence: number, level: number): Buffer {
  const packet = Buffer.alloc(21);
  packet.writeUInt8(0x90, 0);
  packet.writeUInt8(payloadType, 1);
  packet.writeUInt16BE(sequence & 0xffff, 2);
  packet.writeUInt32BE((sequence * levelMs * samplesPerMs) >>> 0, 4);
  packet.writeUInt32BE(ssrc, 8);
  packet.writeUInt32BE(0xbede0001, 12);
  // Length 1 is told as 0 (lower half of the first byte).
  packet.writeUInt8(levelId << 4, 16);
  packet.writeUInt8(audioLevelByte(level), 17);
  packet.writeUInt8(0xf8, 20);
  return packet;
}
