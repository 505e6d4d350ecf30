import type { MediaKind, SignalingInput } from '@maydan/contracts';
import { SfuClient, type SfuClientOptions } from '../../sfu/SfuClient.ts';
import type { Clip } from './clip.ts';
import { payloadTypes, Person } from './Person.ts';

const codecs = {
  vp8: { mimeType: 'video/VP8', parameters: {} },
  h264: {
    mimeType: 'video/H264',
    parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 },
  },
} as const;

/** For tests: somebody on stage of a real sfu, who sends a clip over plain RTP. Who joins them closes them. */
export class StagePerson {
  readonly sender: Person;
  readonly #client: SfuClient;
  readonly #transportId: string;
  readonly #clip: Clip;
  readonly #producers = new Map<MediaKind, string>();

  static async join(
    options: SfuClientOptions,
    clip: Clip,
    { loss = 0, video = true }: { loss?: number; video?: boolean },
  ): Promise<StagePerson> {
    const client = await SfuClient.join(options);
    const { transportId, port } = await client.request('transport.createPlain', {
      direction: 'send',
      remote: null,
    });
    const sender = new Person({ clip, video: video ? port : null, audio: port, loss });
    const person = new StagePerson(client, transportId, sender, clip);
    await person.produce('audio');
    if (video) await person.produce('video');
    return person;
  }

  private constructor(client: SfuClient, transportId: string, sender: Person, clip: Clip) {
    this.#client = client;
    this.#transportId = transportId;
    this.sender = sender;
    this.#clip = clip;
  }

  get peerId(): string {
    return this.#client.peerId;
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

  async close(): Promise<void> {
    this.sender.close();
    await this.#client.leave();
  }

  #parameters(kind: MediaKind): SignalingInput<'producer.create'>['rtpParameters'] {
    const rtcp = { cname: 'person', reducedSize: false };
    const ssrc = this.sender.ssrc[kind];
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
    return { codecs: [codec], encodings: [{ ssrc }], rtcp };
  }
}
