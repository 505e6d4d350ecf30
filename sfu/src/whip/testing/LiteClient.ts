import { isIPv6 } from 'node:net';
import type { MediaKind } from '@maydan/contracts';
import type { types } from 'mediasoup';
import { mediaCodecs } from '../../rooms/mediaCodecs.ts';
import {
  audioSsrc,
  blackPacket,
  opusRtp,
  silentPacket,
  videoSsrc,
  vp8Parameters,
} from '../../testing/rtp.ts';

const packetMs = 20;
const lineOf = (sdp: string, name: string): string => new RegExp(`a=${name}:(.*)\\r\\n`).exec(sdp)?.[1] ?? '';

export interface LiteClientOptions {
  /** Sound alone unless told otherwise. */
  readonly kinds?: readonly MediaKind[];
  /** Where it waits for checks; `127.0.0.1` unless told otherwise. */
  readonly ip?: string;
}

/** An m-line of its offer. */
interface Line {
  readonly kind: MediaKind;
  readonly payloadType: number;
  /** Of what it sends; null: it plays. */
  readonly ssrc: number | null;
}

const codecs = { audio: 'audio/opus', video: 'video/VP8' } as const;
const rtpmaps = { audio: 'opus/48000/2', video: 'VP8/90000' } as const;

/**
 * A client that is ICE lite: another mediasoup, which waits for checks and sends none. It plays the DTLS client. Who creates
 * it closes it.
 */
export class LiteClient {
  readonly #router: types.Router;
  readonly #transport: types.WebRtcTransport;
  readonly #lines: readonly Line[];
  readonly #ip: string;
  readonly #timers: NodeJS.Timeout[] = [];

  static async player(worker: types.Worker, options: LiteClientOptions = {}): Promise<LiteClient> {
    const { kinds = ['audio'], ip = '127.0.0.1' } = options;
    const { router, transport } = await createEnd(worker, ip);
    const lines = kinds.map((kind) => ({
      kind,
      payloadType: codecOf(router, kind).preferredPayloadType,
      ssrc: null,
    }));
    return new LiteClient(router, transport, lines, ip);
  }

  /** Sends silence, and pictures of which each is a key frame, from when it is connected until it is closed. */
  static async publisher(worker: types.Worker, options: LiteClientOptions = {}): Promise<LiteClient> {
    const { kinds = ['audio'], ip = '127.0.0.1' } = options;
    const { router, transport } = await createEnd(worker, ip);
    const source = await router.createDirectTransport();
    const lines: Line[] = [];
    const client = new LiteClient(router, transport, lines, ip);
    for (const kind of kinds) {
      const rtpParameters = kind === 'audio' ? opusRtp(audioSsrc) : vp8Parameters(videoSsrc);
      const producer = await source.produce({ kind, rtpParameters });
      const codec = codecOf(router, kind);
      const rtpCapabilities = { codecs: [codec], headerExtensions: [] };
      const consumer = await transport.consume({ producerId: producer.id, rtpCapabilities });
      const ssrc = consumer.rtpParameters.encodings?.[0]?.ssrc ?? 0;
      lines.push({ kind, payloadType: codec.preferredPayloadType, ssrc });
      const packet = kind === 'audio' ? silentPacket : blackPacket;
      let sequence = 0;
      client.#timers.push(setInterval(() => producer.send(packet(sequence++)), packetMs));
    }
    return client;
  }

  private constructor(
    router: types.Router,
    transport: types.WebRtcTransport,
    lines: readonly Line[],
    ip: string,
  ) {
    this.#router = router;
    this.#transport = transport;
    this.#lines = lines;
    this.#ip = ip;
  }

  get bytesReceived(): Promise<number> {
    return this.#transport.getStats().then(([stats]) => stats?.bytesReceived ?? 0);
  }

  get offer(): string {
    const { iceParameters, dtlsParameters } = this.#transport;
    const hash = dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === 'sha-256')?.value ?? '';
    const net = isIPv6(this.#ip) ? 'IP6 ::' : 'IP4 0.0.0.0';
    const lines = [
      ...['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=ice-lite'],
      `a=group:BUNDLE ${this.#lines.map((_, mid) => mid).join(' ')}`,
      `a=fingerprint:sha-256 ${hash}`,
      `a=ice-ufrag:${iceParameters.usernameFragment}`,
      `a=ice-pwd:${iceParameters.password}`,
      ...this.#lines.flatMap((line, mid) => this.#describe(line, mid, net)),
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
    for (const timer of this.#timers) clearInterval(timer);
    this.#router.close();
  }

  #describe({ kind, payloadType, ssrc }: Line, mid: number, net: string): string[] {
    const { iceCandidates } = this.#transport;
    return [
      `m=${kind} 9 UDP/TLS/RTP/SAVPF ${payloadType}`,
      `c=IN ${net}`,
      `a=mid:${mid}`,
      `a=${ssrc === null ? 'recvonly' : 'sendonly'}`,
      ...['a=rtcp-mux', 'a=setup:active'],
      ...iceCandidates.map(({ port }) => `a=candidate:1 1 udp 2122260223 ${this.#ip} ${port} typ host`),
      `a=rtpmap:${payloadType} ${rtpmaps[kind]}`,
      ...(kind === 'video' ? [`a=rtcp-fb:${payloadType} nack pli`] : []),
      ...(ssrc === null ? [] : [`a=ssrc:${ssrc} cname:lite`]),
    ];
  }
}

type Codec = types.RtpCodecCapability & { readonly preferredPayloadType: number };

function codecOf({ rtpCapabilities }: types.Router, kind: MediaKind): Codec {
  const codec = rtpCapabilities.codecs?.find(({ mimeType }) => mimeType === codecs[kind]);
  if (codec?.preferredPayloadType === undefined) throw new Error(`the router has no ${codecs[kind]}`);
  return { ...codec, preferredPayloadType: codec.preferredPayloadType };
}

async function createEnd(
  worker: types.Worker,
  ip: string,
): Promise<{ router: types.Router; transport: types.WebRtcTransport }> {
  const router = await worker.createRouter({ mediaCodecs });
  const listenInfos = [{ protocol: 'udp' as const, ip }];
  return { router, transport: await router.createWebRtcTransport({ listenInfos }) };
}
