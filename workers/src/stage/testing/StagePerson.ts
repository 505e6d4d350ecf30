import { createSocket } from 'node:dgram';
import type { MediaKind, SignalingInput } from '@maydan/contracts';
import { SfuClient, type SfuClientOptions } from '../../sfu/SfuClient.ts';
import type { Clip } from './clip.ts';
import { payloadTypes, Person } from './Person.ts';

const codecs = {
  vp8: { mimeType: 'video/VP8', parameters: {} },
  vp9: { mimeType: 'video/VP9', parameters: { 'profile-id': 0 } },
  av1: { mimeType: 'video/AV1', parameters: {} },
  h264: {
    mimeType: 'video/H264',
    parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 },
  },
} as const;

export interface StagePersonOptions {
  /** Share of packets that get lost on the way. */
  readonly loss?: number;
  readonly video?: boolean;
  /** Smaller layers of a simulcast, the smallest first. */
  readonly lower?: readonly Clip[];
}

/** For tests: somebody on stage of a real sfu, who sends a clip over plain RTP. Who joins them closes them. */
export class StagePerson {
  /** Sends the sound, and the picture until the camera is switched. */
  readonly sender: Person;
  readonly #client: SfuClient;
  readonly #transportId: string;
  readonly #port: number;
  /** The sfu takes what comes from one address. */
  readonly #socket = createSocket('udp4');
  #clip: Clip;
  #camera: Person;
  /** Of a simulcast, beside the camera, which sends the largest one. */
  #lower: Person[];
  readonly #producers = new Map<MediaKind, string>();
  #isClosed = false;

  static async join(
    options: SfuClientOptions,
    clip: Clip,
    { loss = 0, video = true, lower = [] }: StagePersonOptions,
  ): Promise<StagePerson> {
    const client = await SfuClient.join(options);
    const { transportId, port } = await client.request('transport.createPlain', {
      direction: 'send',
      remote: null,
    });
    const person = new StagePerson(client, { transportId, port }, clip, { loss, video, lower });
    await person.produce('audio');
    if (video) await person.produce('video');
    return person;
  }

  private constructor(
    client: SfuClient,
    { transportId, port }: { transportId: string; port: number },
    clip: Clip,
    { loss, video, lower }: Required<StagePersonOptions>,
  ) {
    this.#client = client;
    this.#transportId = transportId;
    this.#port = port;
    this.#clip = clip;
    const socket = this.#socket;
    socket.on('error', () => undefined);
    this.sender = new Person({ clip, video: video ? port : null, audio: port, loss, socket });
    this.#camera = this.sender;
    this.#lower = lower.map((one) => new Person({ clip: one, video: port, audio: null, loss, socket }));
  }

  /** Sends the (largest) picture. */
  get camera(): Person {
    return this.#camera;
  }

  get peerId(): string {
    return this.#client.peerId;
  }

  /** Of the sfu. */
  get nodeId(): string {
    return this.#client.node.nodeId;
  }

  async produce(kind: MediaKind): Promise<void> {
    const { producerId } = await this.#client.request('producer.create', {
      transportId: this.#transportId,
      kind,
      source: kind === 'video' ? 'camera' : 'microphone',
      rtpParameters: this.#parameters(kind),
    });
    this.#producers.set(kind, producerId);
  }

  async setPaused(kind: MediaKind, isPaused: boolean): Promise<void> {
    const producerId = this.#producers.get(kind) ?? '';
    await this.#client.request(isPaused ? 'producer.pause' : 'producer.resume', { producerId });
  }

  /** Takes a track back for good. */
  async stop(kind: MediaKind): Promise<void> {
    await this.#client.request('producer.close', { producerId: this.#producers.get(kind) ?? '' });
    this.#producers.delete(kind);
  }

  /** Closes the camera and opens another one, which may differ in everything. */
  async switchCamera(clip: Clip): Promise<void> {
    await this.stop('video');
    this.sender.isVideoOn = false;
    for (const person of [this.#camera, ...this.#lower.splice(0)]) if (person !== this.sender) person.close();
    this.#clip = clip;
    this.#camera = new Person({ clip, video: this.#port, audio: null, socket: this.#socket });
    await this.produce('video');
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const person of new Set([this.sender, this.#camera, ...this.#lower])) person.close();
    this.#socket.close();
    await this.#client.leave();
  }

  #parameters(kind: MediaKind): SignalingInput<'producer.create'>['rtpParameters'] {
    const rtcp = { cname: 'person', reducedSize: false };
    const senders = kind === 'video' ? [...this.#lower, this.#camera] : [this.sender];
    const encodings = senders.map(({ ssrc }) => ({ ssrc: ssrc[kind] }));
    const feedback = [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }];
    const codec =
      kind === 'audio'
        ? {
            mimeType: 'audio/opus',
            payloadType: payloadTypes.audio,
            clockRate: 48_000,
            channels: 2,
            parameters: {},
          }
        : {
            ...codecs[this.#clip.codec],
            payloadType: payloadTypes.video,
            clockRate: 90_000,
            rtcpFeedback: feedback,
          };
    return { codecs: [codec], encodings, rtcp };
  }
}
