import type { types } from 'mediasoup';
import { mediaCodecs } from '../../rooms/mediaCodecs.ts';
import { audioSsrc, opusRtp, silentPacket } from '../../testing/rtp.ts';

const packetMs = 20;
/** Of its offers, for what it sends and for what it receives. */
const payloadType = 100;
const lineOf = (sdp: string, name: string): string => new RegExp(`a=${name}:(.*)\\r\\n`).exec(sdp)?.[1] ?? '';

/**
 * A client that is ICE lite: another mediasoup, which waits for checks and sends none. It plays the DTLS client. Who creates
 * it closes it.
 */
export class LiteClient {
  readonly #router: types.Router;
  readonly #transport: types.WebRtcTransport;
  /** Of what it sends; null: it plays. */
  readonly #ssrc: number | null;
  #timer: NodeJS.Timeout | undefined;

  static async player(worker: types.Worker): Promise<LiteClient> {
    const { router, transport } = await createEnd(worker);
    return new LiteClient(router, transport, null);
  }

  /** Sends silence, from when it is connected until it is closed. */
  static async publisher(worker: types.Worker): Promise<LiteClient> {
    const { router, transport } = await createEnd(worker);
    const source = await router.createDirectTransport();
    const producer = await source.produce({ kind: 'audio', rtpParameters: opusRtp(audioSsrc) });
    const rtpCapabilities = { codecs: router.rtpCapabilities.codecs ?? [], headerExtensions: [] };
    const consumer = await transport.consume({ producerId: producer.id, rtpCapabilities });
    const client = new LiteClient(router, transport, consumer.rtpParameters.encodings?.[0]?.ssrc ?? 0);
    let sequence = 0;
    client.#timer = setInterval(() => producer.send(silentPacket(sequence++)), packetMs);
    return client;
  }

  private constructor(router: types.Router, transport: types.WebRtcTransport, ssrc: number | null) {
    this.#router = router;
    this.#transport = transport;
    this.#ssrc = ssrc;
  }

  get bytesReceived(): Promise<number> {
    return this.#transport.getStats().then(([stats]) => stats?.bytesReceived ?? 0);
  }

  /** It has one m-line, of sound. */
  get offer(): string {
    const { iceParameters, iceCandidates, dtlsParameters } = this.#transport;
    const hash = dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === 'sha-256')?.value ?? '';
    const lines = [
      ...['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=ice-lite', 'a=group:BUNDLE 0'],
      ...[
        `m=audio 9 UDP/TLS/RTP/SAVPF ${payloadType}`,
        'c=IN IP4 0.0.0.0',
        'a=mid:0',
        `a=${this.#ssrc === null ? 'recvonly' : 'sendonly'}`,
      ],
      ...['a=rtcp-mux', 'a=setup:active', `a=fingerprint:sha-256 ${hash}`],
      `a=ice-ufrag:${iceParameters.usernameFragment}`,
      `a=ice-pwd:${iceParameters.password}`,
      ...iceCandidates.map(({ port }) => `a=candidate:1 1 udp 2122260223 127.0.0.1 ${port} typ host`),
      `a=rtpmap:${payloadType} opus/48000/2`,
      ...(this.#ssrc === null ? [] : [`a=ssrc:${this.#ssrc} cname:lite`]),
    ];
    return lines.map((line) => `${line}\r\n`).join('');
  }

  async accept(answer: string): Promise<void> {
    const value = lineOf(answer, 'fingerprint').replace(/^sha-256 /, '');
    const fingerprints = [{ algorithm: 'sha-256' as const, value }];
    await this.#transport.connect({ dtlsParameters: { role: 'server', fingerprints } });
  }

  /** The body of a PATCH. */
  async restart(): Promise<string> {
    const { usernameFragment, password } = await this.#transport.restartIce();
    return `a=ice-ufrag:${usernameFragment}\r\na=ice-pwd:${password}\r\n`;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#router.close();
  }
}

async function createEnd(
  worker: types.Worker,
): Promise<{ router: types.Router; transport: types.WebRtcTransport }> {
  const router = await worker.createRouter({ mediaCodecs });
  const listenInfos = [{ protocol: 'udp' as const, ip: '127.0.0.1' }];
  return { router, transport: await router.createWebRtcTransport({ listenInfos }) };
}
