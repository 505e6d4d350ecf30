import type { types } from 'mediasoup';
import { setTimeout as delay } from 'node:timers/promises';

type Router = types.Router;

const suites: readonly types.SrtpCryptoSuite[] = [
  'AEAD_AES_256_GCM',
  'AEAD_AES_128_GCM',
  'AES_CM_128_HMAC_SHA1_80',
  'AES_CM_128_HMAC_SHA1_32',
];
const ssrc = 0x6d617964;
const payloadType = 100;
const opus: types.RouterRtpCodecCapability = {
  kind: 'audio',
  mimeType: 'audio/opus',
  clockRate: 48_000,
  channels: 2,
};
const deadlineMs = 5_000;

/**
 * Sends RTP through two routers of a Worker over real sockets, encrypted with each SRTP suite.
 * @throws Error naming the suite whose packets don't arrive, or arrive changed.
 */
export async function srtpLoop(worker: types.Worker): Promise<void> {
  for (const suite of suites) await loopOnce(worker, suite);
}

async function loopOnce(worker: types.Worker, suite: types.SrtpCryptoSuite): Promise<void> {
  const [sending, receiving] = await Promise.all([
    worker.createRouter({ mediaCodecs: [opus] }),
    worker.createRouter({ mediaCodecs: [opus] }),
  ]);
  try {
    const payload = Buffer.from(`maydan over ${suite}`);
    const { send, onPacket } = await connectRouters(sending, receiving, suite);
    const arrived = new Promise<Buffer>((resolve) => onPacket(resolve));
    const stop = new AbortController();
    const sent = sendUntil(stop.signal, (sequence) => send(rtpPacket(sequence, payload)));
    const packet = await Promise.race([arrived, delay(deadlineMs, null, { signal: stop.signal })]);
    stop.abort();
    await sent;
    if (packet === null) throw new Error(`no packet arrived over ${suite}`);
    if (!packet.subarray(-payload.length).equals(payload))
      throw new Error(`a packet was changed by ${suite}`);
  } finally {
    sending.close();
    receiving.close();
  }
}

async function connectRouters(sending: Router, receiving: Router, suite: types.SrtpCryptoSuite) {
  const plain = {
    listenInfo: { protocol: 'udp', ip: '127.0.0.1' },
    rtcpMux: true,
    enableSrtp: true,
    srtpCryptoSuite: suite,
  } as const;
  const [out, into, source, sink] = await Promise.all([
    sending.createPlainTransport(plain),
    receiving.createPlainTransport(plain),
    sending.createDirectTransport(),
    receiving.createDirectTransport(),
  ]);
  const addressOf = (transport: types.PlainTransport) => ({
    ip: '127.0.0.1',
    port: transport.tuple.localPort,
    srtpParameters: transport.srtpParameters,
  });
  await Promise.all([out.connect(addressOf(into)), into.connect(addressOf(out))]);
  const origin = await source.produce({
    kind: 'audio',
    rtpParameters: {
      codecs: [{ mimeType: 'audio/opus', payloadType, clockRate: 48_000, channels: 2 }],
      encodings: [{ ssrc }],
    },
  });
  const consumer = await out.consume({ producerId: origin.id, rtpCapabilities: sending.rtpCapabilities });
  const producer = await into.produce({ kind: 'audio', rtpParameters: consumer.rtpParameters });
  const last = await sink.consume({ producerId: producer.id, rtpCapabilities: receiving.rtpCapabilities });
  return {
    send: (packet: Buffer) => origin.send(packet),
    onPacket: (listener: (packet: Buffer) => void) => last.on('rtp', listener),
  };
}

/** Repeats, as a UDP packet may get lost. */
async function sendUntil(signal: AbortSignal, send: (sequence: number) => void): Promise<void> {
  for (let sequence = 0; !signal.aborted; sequence++) {
    send(sequence);
    await delay(10, undefined, { signal }).catch(() => {});
  }
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
