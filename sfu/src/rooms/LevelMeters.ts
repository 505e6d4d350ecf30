import { AppError, audioLevelByte, audioLevelUri, LevelMeter, opusDurationMs } from '@maydan/common';
import type { Logger } from '@maydan/common';
import type { types } from 'mediasoup';
import { noReceiver } from '../workers/PooledWorker.ts';
import { readRtp } from '../faststart/rtpPacket.ts';

/** Each takes about 0.004 cores of the event loop (ADR 14). */
const mostMeters = 60;
/** Packets of 5 ms and some that come late; of who sends more the rest of the second isn't listened to. */
const mostPacketsPerSecond = 250;
/** mediasoup takes the mean of ten levels or more, for packets of 20 ms. */
const levelMs = 20;
const samplesPerMs = 48;
const levelId = 1;
const payloadType = 100;
const ssrc = 1;

/**
 * Hears how loud sound is whose sender doesn't say so in each packet (RFC 6464), as OBS: mediasoup doesn't decode, and its observers
 * know of nobody else. A meter decodes the packets of a producer and sends their levels, without sound, as a producer of its own.
 */
export class LevelMeters {
  readonly #logger: Logger;
  readonly #most: number;
  #size = 0;

  constructor(logger: Logger, most = mostMeters) {
    this.#logger = logger;
    this.#most = most;
  }

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /**
   * A producer on the same Router that mediasoup's observers can listen to in place of this one; it ends with it. Null for
   * what isn't Opus, and when there are as many as this node may have. @throws what mediasoup throws, also when `heard` is gone,
   * or AppError `not_found` when it ends meanwhile.
   */
  async open(router: types.Router, heard: types.Producer): Promise<types.Producer | null> {
    if (heard.rtpParameters.codecs[0]?.mimeType.toLowerCase() !== 'audio/opus') return null;
    if (this.#size >= this.#most) {
      this.#logger.warn({ most: this.#most }, 'a level is not heard: there are as many meters as may be');
      return null;
    }
    this.#size++;
    let transport: types.DirectTransport | undefined;
    try {
      transport = await router.createDirectTransport();
      const teller = await transport.produce({ kind: 'audio', rtpParameters: tellerParameters });
      const { rtpCapabilities } = router;
      const consumer = await transport.consume({
        producerId: heard.id,
        rtpCapabilities,
        paused: true,
        appData: noReceiver,
      });
      // What has ended while it was being made says so no more.
      if (transport.closed || consumer.closed) throw new AppError('not_found');
      this.#listen(transport, consumer, teller);
      await consumer.resume();
      return teller;
    } catch (error) {
      transport?.close();
      throw error;
    } finally {
      if (transport === undefined || transport.closed) this.#size--;
      else transport.observer.once('close', () => this.#size--);
    }
  }

  #listen(transport: types.DirectTransport, consumer: types.Consumer, teller: types.Producer): void {
    const meter = new LevelMeter(this.#logger);
    const ear = new Ear(meter, (packet) => teller.send(packet));
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
    transport.observer.once('close', () => {
      clearInterval(pace);
      meter.close();
    });
  }
}

const tellerParameters: types.RtpParameters = {
  codecs: [{ mimeType: 'audio/opus', payloadType, clockRate: 48_000, channels: 2 }],
  headerExtensions: [{ uri: audioLevelUri, id: levelId }],
  encodings: [{ ssrc }],
};

/** Makes packets that tell a level of packets that have one. */
class Ear {
  /** That were heard; whoever asks sets it back. */
  packets = 0;
  readonly #meter: LevelMeter;
  readonly #tell: (packet: Buffer) => void;
  #last: number | null = null;
  #sequence = 0;

  constructor(meter: LevelMeter, tell: (packet: Buffer) => void) {
    this.#meter = meter;
    this.#tell = tell;
  }

  hear(bytes: Buffer): void {
    this.packets++;
    const packet = readRtp(bytes);
    if (packet === null) return;
    const { sequence, payload } = packet;
    // The decoder builds on what it decoded before: what comes late is left out.
    if (this.#last !== null && ((sequence - this.#last) & 0xffff) >= 0x8000) return;
    this.#last = sequence;
    const level = this.#meter.levelOf(payload);
    const durationMs = opusDurationMs(payload);
    if (level === null || durationMs === null) return;
    const count = Math.max(1, Math.round(durationMs / levelMs));
    for (let nth = 0; nth < count; nth++) this.#tell(levelPacket(this.#sequence++, level));
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
