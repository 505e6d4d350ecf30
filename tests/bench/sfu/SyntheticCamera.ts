import { audioLevelByte, audioLevelUri } from '@maydan/common';
import type { types } from 'mediasoup';
import { RtcLink } from './RtcLink.ts';
import type { Participant } from './sfuServers.ts';

const tickMs = 20;
/** 600 kbit/s together: sound at 48 kbit/s, pictures at 552 kbit/s. */
const soundBytes = 120;
const pictureBytes = 1150;
const picturePacketsPerTick = 1.2;
const keyFrameEveryTicks = 100;
/** RFC 6184 5.2: a parameter set begins a key frame, 1 is a slice of another. */
const nalTypes = { parameterSet: 7, slice: 1 };

/** A voice, told as browsers do: in an extension of one byte (RFC 8285, section 4.2). */
const levelId = 1;
const level = Buffer.from([0xbe, 0xde, 0, 1, levelId << 4, audioLevelByte(30), 0, 0]);

const streams = {
  video: {
    ssrc: 0x10000001,
    payloadType: 102,
    ticksPerMs: 90,
    codec: {
      mimeType: 'video/H264',
      payloadType: 102,
      clockRate: 90_000,
      parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 },
      rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }],
    },
  },
  audio: {
    ssrc: 0x10000002,
    payloadType: 111,
    ticksPerMs: 48,
    codec: { mimeType: 'audio/opus', payloadType: 111, clockRate: 48_000, channels: 2 },
  },
} as const;
type Kind = keyof typeof streams;

/**
 * A camera and a microphone made of numbers: RTP that mediasoup takes for H.264 and Opus. Like a browser it answers each
 * request for a key frame with one, and tells how loud its sound is.
 */
export class SyntheticCamera {
  readonly #link: RtcLink;
  readonly #producers: Record<Kind, types.Producer>;
  readonly #sequence: Record<Kind, number> = { video: 0, audio: 0 };
  readonly #timer: NodeJS.Timeout;
  readonly #startedMs = performance.now();
  #ticks = 0;
  #owed = 0;
  #isKeyFrameDue = false;
  readonly #keyFramesAskedMs: number[] = [];

  /** Publishes to the sfu over a transport of `router`, which has the sfu's codecs. */
  static async start(router: types.Router, participant: Participant): Promise<SyntheticCamera> {
    const direct = await router.createDirectTransport();
    const link = await RtcLink.connect(router, participant, 'send');
    const [audio, video] = [await publish(direct, 'audio'), await publish(direct, 'video')];
    const camera = new SyntheticCamera(link, { audio, video });
    // Here each request is seen; mediasoup would pass on but one of several.
    link.onKeyFrameAsked = () => camera.#askedForKeyFrame();
    for (const producer of [audio, video]) {
      const consumer = await link.transport.consume({
        producerId: producer.id,
        rtpCapabilities: router.rtpCapabilities,
      });
      const { kind, rtpParameters } = consumer;
      await participant.produce(link.remoteId, kind, { ...rtpParameters, mid: kind });
    }
    return camera;
  }

  private constructor(link: RtcLink, producers: Record<Kind, types.Producer>) {
    this.#link = link;
    this.#producers = producers;
    this.#timer = setInterval(() => this.#catchUp(), tickMs);
  }

  /** When the sfu asked for key frames so far, by `performance.now()`. */
  get keyFramesAskedMs(): readonly number[] {
    return this.#keyFramesAskedMs;
  }

  /** Packets so far. */
  get sent(): number {
    return this.#sequence.audio + this.#sequence.video;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#link.close();
  }

  #catchUp(): void {
    const due = (performance.now() - this.#startedMs) / tickMs;
    for (; this.#ticks < due; this.#ticks += 1) this.#tick();
  }

  #askedForKeyFrame(): void {
    this.#keyFramesAskedMs.push(performance.now());
    this.#isKeyFrameDue = true;
  }

  #tick(): void {
    this.#send('audio', Buffer.alloc(soundBytes, 0xfc));
    this.#isKeyFrameDue ||= this.#ticks % keyFrameEveryTicks === 0;
    for (this.#owed += picturePacketsPerTick; this.#owed >= 1; this.#owed -= 1) {
      const picture = Buffer.alloc(pictureBytes, 0x55);
      picture.writeUInt8(0x60 | (this.#isKeyFrameDue ? nalTypes.parameterSet : nalTypes.slice), 0);
      this.#isKeyFrameDue = false;
      this.#send('video', picture);
    }
  }

  /** RFC 3550 5.1, the marker always set. */
  #send(kind: Kind, payload: Buffer): void {
    const { ssrc, payloadType, ticksPerMs } = streams[kind];
    const extension = kind === 'audio' ? level : Buffer.alloc(0);
    const header = Buffer.alloc(12);
    header.writeUInt8(extension.length > 0 ? 0x90 : 0x80, 0);
    header.writeUInt8(0x80 | payloadType, 1);
    header.writeUInt16BE((this.#sequence[kind]++ + 1) & 0xffff, 2);
    header.writeUInt32BE((this.#ticks * tickMs * ticksPerMs) >>> 0, 4);
    header.writeUInt32BE(ssrc, 8);
    this.#producers[kind].send(Buffer.concat([header, extension, payload]));
  }
}

/** A source of numbers that the sfu's transport consumes. */
async function publish(transport: types.DirectTransport, kind: Kind): Promise<types.Producer> {
  const { codec, ssrc } = streams[kind];
  const rtcpFeedback = 'rtcpFeedback' in codec ? [...codec.rtcpFeedback] : [];
  return transport.produce({
    kind,
    rtpParameters: {
      codecs: [{ ...codec, rtcpFeedback }],
      encodings: [{ ssrc }],
      headerExtensions: kind === 'audio' ? [{ uri: audioLevelUri, id: levelId }] : [],
    },
  });
}
