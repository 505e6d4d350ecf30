/// <reference lib="dom" />
import { Device } from 'mediasoup-client';
import type { types } from 'mediasoup-client';
import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';
import type { IceServer, SignalingInput, SignalingOutput, SignalingRequest } from '@maydan/contracts';

/** What a page has received of one producer so far. */
export interface Received {
  readonly frames: number;
  readonly width: number;
  readonly audioEnergy: number;
}

/** What a TURN server gave. */
export interface Gathered {
  readonly relayed: number;
  /** 401: it doesn't take the credentials (RFC 8656 7.2). */
  readonly errorCodes: readonly number[];
}

type Room = SignalingOutput<'room.join'>;
type Candidates = SignalingOutput<'transport.create'>['iceCandidates'];
type Direction = 'send' | 'receive';
export type VideoCodec = 'VP8' | 'VP9' | 'H264';

const encodings: Record<VideoCodec, types.RtpEncodingParameters[] | undefined> = {
  // Without temporal layers, of which less bandwidth would take some before it takes the larger picture.
  VP8: [
    { scaleResolutionDownBy: 2, maxBitrate: 50_000, scalabilityMode: 'L1T1' },
    { scaleResolutionDownBy: 1, maxBitrate: 720_000, scalabilityMode: 'L1T1' },
  ],
  VP9: [{ scalabilityMode: 'L2T3_KEY', maxBitrate: 800_000 }],
  H264: undefined,
};

/** All that mediasoup-client makes. */
const connections: RTCPeerConnection[] = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(configuration?: RTCConfiguration) {
    super(configuration);
    connections.push(this);
  }
};

/**
 * A participant as a web page has one: mediasoup-client over the signaling, with the browser's fake camera and
 * microphone. Runs in the page; tests drive it as `window.stageClient`.
 */
class StageClient {
  readonly events: { name: string; payload: unknown }[] = [];
  /** `relay`: nothing goes but by a TURN server that the sfu names. */
  iceTransportPolicy: 'all' | 'relay' = 'all';
  /** On loopback, of relays that take the place of the sfu's own UDP port. */
  readonly relayPorts: Partial<Record<Direction, number>> = {};
  readonly #device = new Device();
  readonly #transports = new Map<Direction, types.Transport>();
  readonly #consumers = new Map<string, types.Consumer>();
  readonly #producers: types.Producer[] = [];
  #socket: Socket | undefined;

  /** Connects and joins; with the same token again the peer is resumed. */
  async join(url: string, token: string): Promise<{ resumed: boolean; peerId: string }> {
    const socket = io(url, { path: '/sfu', auth: { token }, transports: ['websocket'], reconnection: false });
    socket.onAny((name: string, payload: unknown) => this.events.push({ name, payload }));
    this.#socket = socket;
    const room = await this.#request('room.join', {});
    if (!this.#device.loaded) await this.#load(room);
    return { resumed: room.resumed, peerId: room.peerId };
  }

  /** The connection is gone, without a word. */
  drop(): void {
    this.#socket?.close();
  }

  async restartIce(): Promise<void> {
    for (const transport of this.#transports.values()) {
      const { iceParameters } = await this.#request('transport.restartIce', { transportId: transport.id });
      await transport.restartIce({ iceParameters });
    }
  }

  /** Sends camera (two layers: simulcast of VP8, SVC of VP9) and microphone. Chromium has no more layers at this size. */
  async publish(codec: VideoCodec, tcpOnly = false): Promise<string[]> {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: true,
      video: { width: 640, height: 360, frameRate: 15 },
    });
    const transport = await this.#transport('send', tcpOnly);
    const [video, audio] = [stream.getVideoTracks()[0], stream.getAudioTracks()[0]];
    const codecs = this.#device.sendRtpCapabilities.codecs ?? [];
    const camera = await transport.produce({
      track: video,
      codec: codecs.find(({ mimeType }) => mimeType === `video/${codec}`),
      encodings: encodings[codec],
      appData: { source: 'camera' },
    });
    const microphone = await transport.produce({ track: audio, appData: { source: 'microphone' } });
    this.#producers.push(camera, microphone);
    return [camera.id, microphone.id];
  }

  /** Receives and plays a producer. */
  async receive(producerId: string): Promise<string> {
    const transport = await this.#transport('receive', false);
    const answer = await this.#request('consumer.create', {
      transportId: transport.id,
      producerId,
      rtpCapabilities: this.#device
        .recvRtpCapabilities as SignalingInput<'consumer.create'>['rtpCapabilities'],
    });
    const consumer = await transport.consume({
      id: answer.consumerId,
      producerId,
      kind: answer.kind,
      rtpParameters: answer.rtpParameters as types.RtpParameters,
    });
    const element = document.createElement(answer.kind);
    element.srcObject = new MediaStream([consumer.track]);
    element.autoplay = true;
    document.body.append(element);
    this.#consumers.set(consumer.id, consumer);
    await this.#request('consumer.resume', { consumerId: consumer.id });
    return consumer.id;
  }

  async setSize(consumerId: string, width: number, height: number): Promise<void> {
    await this.#request('consumer.setSize', { consumerId, width, height });
  }

  async received(consumerId: string): Promise<Received> {
    const stats = await this.#consumers.get(consumerId)?.getStats();
    const reports = [...(stats?.values() ?? [])] as Record<string, unknown>[];
    const inbound = reports.find(({ type }) => type === 'inbound-rtp') ?? {};
    const figure = (name: string): number => Number(inbound[name] ?? 0);
    return {
      frames: figure('framesDecoded'),
      width: figure('frameWidth'),
      audioEnergy: figure('totalAudioEnergy'),
    };
  }

  /** What the sfu has told the browser of Opus, in each direction in use: the format parameters of its SDP. */
  opusParameters(): string[] {
    return connections.flatMap(({ remoteDescription }) => {
      const sdp = remoteDescription?.sdp ?? '';
      const payloadType = /a=rtpmap:(\d+) opus\//.exec(sdp)?.[1] ?? 'none';
      const [, parameters] = new RegExp(`a=fmtp:${payloadType} (.*)`).exec(sdp) ?? [];
      return parameters === undefined ? [] : [parameters.trim()];
    });
  }

  /** `udp` or `tcp`, as the browser has chosen. */
  protocolOf(direction: Direction): Promise<string> {
    return this.#ofPair(direction, 'remoteCandidateId', 'protocol');
  }

  /** `host`, `srflx`, `prflx` or `relay`: of our own candidate in use. */
  candidateTypeOf(direction: Direction): Promise<string> {
    return this.#ofPair(direction, 'localCandidateId', 'candidateType');
  }

  /** Asks one TURN server for a way through it: candidates got, and codes of its refusals. */
  async gather({ urls, username, credential }: IceServer): Promise<Gathered> {
    const pc = new RTCPeerConnection({
      iceServers: [{ urls, username: username ?? '', credential: credential ?? '' }],
      iceTransportPolicy: 'relay',
    });
    const errorCodes: number[] = [];
    let relayed = 0;
    pc.addEventListener('icecandidateerror', ({ errorCode }) => errorCodes.push(errorCode));
    const isDone = new Promise<void>((resolve) => {
      pc.addEventListener('icecandidate', ({ candidate }) => {
        if (candidate === null) resolve();
        else relayed += Number(candidate.type === 'relay');
      });
    });
    pc.createDataChannel('');
    await pc.setLocalDescription();
    await isDone;
    pc.close();
    return { relayed, errorCodes };
  }

  async #ofPair(direction: Direction, end: string, what: string): Promise<string> {
    const stats = await this.#transports.get(direction)?.getStats();
    const reports = [...(stats?.values() ?? [])] as Record<string, unknown>[];
    const pair = reports.find(
      (report) => report['type'] === 'candidate-pair' && report['nominated'] === true,
    );
    const found = reports.find(({ id }) => id === pair?.[end])?.[what];
    return typeof found === 'string' ? found : '';
  }

  async #load({ rtpCapabilities }: Room): Promise<void> {
    await this.#device.load({ routerRtpCapabilities: rtpCapabilities as types.RtpCapabilities });
  }

  async #transport(direction: Direction, tcpOnly: boolean): Promise<types.Transport> {
    const known = this.#transports.get(direction);
    if (known !== undefined) return known;
    const { transportId, ...answer } = await this.#request('transport.create', { direction });
    const options = {
      id: transportId,
      iceParameters: answer.iceParameters,
      dtlsParameters: answer.dtlsParameters,
      iceCandidates: this.#candidates(direction, answer.iceCandidates, tcpOnly),
      iceServers: answer.iceServers,
      iceTransportPolicy: this.iceTransportPolicy,
    } as types.TransportOptions;
    const transport =
      direction === 'send'
        ? this.#device.createSendTransport(options)
        : this.#device.createRecvTransport(options);
    this.#transports.set(direction, transport);
    transport.on('connect', ({ dtlsParameters }, done, failed) => {
      this.#request('transport.connect', {
        transportId,
        dtlsParameters,
      }).then(() => done(), failed);
    });
    transport.on('produce', ({ kind, rtpParameters, appData }, done, failed) => {
      this.#request('producer.create', {
        transportId,
        kind,
        source: appData['source'] as 'camera' | 'microphone',
        rtpParameters: rtpParameters as SignalingInput<'producer.create'>['rtpParameters'],
      }).then(({ producerId }) => done({ id: producerId }), failed);
    });
    return transport;
  }

  #candidates(direction: Direction, all: Candidates, tcpOnly: boolean): Candidates {
    if (tcpOnly) return all.filter(({ protocol }) => protocol === 'tcp');
    const port = this.relayPorts[direction];
    if (port === undefined) return all;
    const [udp] = all.filter(({ protocol }) => protocol === 'udp');
    return udp === undefined ? [] : [{ ...udp, ip: '127.0.0.1', address: '127.0.0.1', port }];
  }

  async #request<R extends SignalingRequest>(name: R, input: SignalingInput<R>): Promise<SignalingOutput<R>> {
    const answer = (await this.#socket?.timeout(60_000).emitWithAck(name, input)) as {
      data?: SignalingOutput<R>;
    };
    if (answer.data === undefined) throw new Error(`${name}: ${JSON.stringify(answer)}`);
    return answer.data;
  }
}

declare global {
  interface Window {
    stageClient: StageClient;
  }
}
window.stageClient = new StageClient();
