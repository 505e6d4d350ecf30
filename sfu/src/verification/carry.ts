import { setTimeout as delay } from 'node:timers/promises';
import type { types } from 'mediasoup';

/** The one codec of the routers that are tried out. */
export const opus: types.RouterRtpCodecCapability = {
  kind: 'audio',
  mimeType: 'audio/opus',
  clockRate: 48_000,
  channels: 2,
};

const ssrc = 0x6d617964;
const payloadType = 100;
const deadlineMs = 5_000;

/** A router and the transport over which it talks to the other one. */
export interface Side {
  router: types.Router;
  transport: types.Transport;
}

/**
 * Sends RTP into one router and expects it to come out of the other, over the transports between them.
 * @throws Error naming `way` when nothing arrives, or something else than was sent.
 */
export async function carry(way: string, from: Side, to: Side): Promise<void> {
  const payload = Buffer.from(`maydan over ${way}`);
  const source = await from.router.createDirectTransport();
  const sink = await to.router.createDirectTransport();
  const origin = await source.produce({
    kind: 'audio',
    rtpParameters: {
      codecs: [{ mimeType: 'audio/opus', payloadType, clockRate: 48_000, channels: 2 }],
      encodings: [{ ssrc }],
    },
  });
  const out = await from.transport.consume({
    producerId: origin.id,
    rtpCapabilities: from.router.rtpCapabilities,
  });
  const into = await to.transport.produce({ kind: 'audio', rtpParameters: out.rtpParameters });
  const end = await sink.consume({ producerId: into.id, rtpCapabilities: to.router.rtpCapabilities });
  const packet = await firstPacket(end, (sequence) => origin.send(rtpPacket(sequence, payload)));
  if (packet === null) throw new Error(`no packet arrived over ${way}`);
  if (!packet.subarray(-payload.length).equals(payload)) throw new Error(`a packet was changed by ${way}`);
}

/** Sends again and again, as a UDP packet may get lost; null when none arrives in time. */
async function firstPacket(
  consumer: types.Consumer,
  send: (sequence: number) => void,
): Promise<Buffer | null> {
  let arrived: Buffer | null = null;
  consumer.on('rtp', (packet: Buffer) => (arrived ??= packet));
  const until = Date.now() + deadlineMs;
  for (let sequence = 0; arrived === null && Date.now() < until; sequence++) {
    send(sequence);
    await delay(10);
  }
  return arrived;
}

/** RFC 3550 5.1: version 2, no padding, no extension. */
function rtpPacket(sequence: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt8(0x80, 0);
  header.writeUInt8(payloadType, 1);
  header.writeUInt16BE(sequence & 0xffff, 2);
  header.writeUInt32BE((sequence * 960) >>> 0, 4);
  header.writeUInt32BE(ssrc, 8);
  return Buffer.concat([header, payload]);
}
