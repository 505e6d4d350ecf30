import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { audioLevelUri } from '@maydan/common';
import { audioSsrc, opusParameters } from '../../testing/rtp.ts';
import type { TestClient } from '../../testing/TestClient.ts';

const packetMs = 20;
const clockRateHz = 48_000;
const levelExtensionId = 1;
/** -20 dBov with voice activity (RFC 6464 3). */
const level = 0x80 | 20;
/** One Opus frame of silence. */
const silence = Buffer.from([0xf8, 0xff, 0xfe]);

/** Sends what says to be loud by the header extension of RFC 6464, as browsers do and ffmpeg doesn't. */
export class Voice {
  readonly peerId: string;
  readonly #socket: Socket = createSocket('udp4');
  readonly #timer: NodeJS.Timeout;
  #sequence = 0;

  static async start(client: TestClient): Promise<Voice> {
    const { transportId, ip, port } = await client.request('transport.createPlain', {
      direction: 'send',
      remote: null,
    });
    await client.request('producer.create', {
      transportId,
      kind: 'audio',
      source: 'microphone',
      rtpParameters: {
        ...opusParameters(),
        headerExtensions: [{ uri: audioLevelUri, id: levelExtensionId }],
      },
    });
    return new Voice(client.peerId, ip, port);
  }

  private constructor(peerId: string, ip: string, port: number) {
    this.peerId = peerId;
    this.#timer = setInterval(() => this.#socket.send(this.#packet(), port, ip), packetMs);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }

  #packet(): Buffer {
    const sequence = this.#sequence++;
    const header = Buffer.alloc(12);
    header.writeUInt8(0x90, 0);
    header.writeUInt8(111, 1);
    header.writeUInt16BE(sequence & 0xffff, 2);
    header.writeUInt32BE((sequence * packetMs * clockRateHz) / 1_000, 4);
    header.writeUInt32BE(audioSsrc, 8);
    // RFC 8285 4.2: one word of one-byte extensions.
    const extension = Buffer.from([0xbe, 0xde, 0, 1, levelExtensionId << 4, level, 0, 0]);
    return Buffer.concat([header, extension, silence]);
  }
}
