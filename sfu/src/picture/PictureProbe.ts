import type { types } from 'mediasoup';
import type { PictureSize } from './keyFrame.ts';
import { openProbe, type ProbePlace } from './openProbe.ts';
import type { PictureFigures } from './PictureMeter.ts';
import type { ProbeThread } from './ProbeThread.ts';

export const unknownFigures: PictureFigures = {
  frameRate: null,
  width: null,
  height: null,
  keyFrameIntervalMs: null,
  frames: null,
};

/** Key frames asked for: of some codecs not every one tells a size. */
const mostAsked = 3;

/** How large the pictures are that the probe sees, and of which layer of simulcast; null where that is no matter. */
export interface SeenSize extends PictureSize {
  readonly layer: number | null;
}

export interface PictureProbeOptions extends ProbePlace {
  readonly producer: types.Producer;
}

/**
 * Looks at the packets of one video producer, which mediasoup itself doesn't do: frame rate, size and key frames as they
 * arrive, from any publisher and whatever it says of itself. Of simulcast it sees the best layer there is. They go to the
 * probes' thread over loopback: in the event loop of the sfu each of them would cost more than sending it to ten viewers.
 * Who creates it closes it.
 */
export class PictureProbe {
  readonly #transport: types.PlainTransport;
  readonly #consumer: types.Consumer;
  readonly #thread: ProbeThread;
  readonly #probe: number;
  #asked = 0;
  #seen: SeenSize | null = null;
  #steady: SeenSize | null = null;

  /** @throws what mediasoup throws, also when the producer is gone; Error when the thread is. */
  static async create(options: PictureProbeOptions): Promise<PictureProbe> {
    const { router, producer, thread } = options;
    const codec = producer.rtpParameters.codecs[0]?.mimeType ?? '';
    const { transport, probe } = await openProbe(options, (from) => thread.open(codec, from));
    try {
      const rtpCapabilities = withoutFeedback(router.rtpCapabilities);
      const consumer = await transport.consume({ producerId: producer.id, rtpCapabilities });
      return new PictureProbe(transport, consumer, thread, probe);
    } catch (error) {
      transport.close();
      throw error;
    }
  }

  private constructor(
    transport: types.PlainTransport,
    consumer: types.Consumer,
    thread: ProbeThread,
    probe: number,
  ) {
    this.#transport = transport;
    this.#consumer = consumer;
    this.#thread = thread;
    this.#probe = probe;
  }

  /** As it was at the last two readings: another layer is another size, and one is known before the other. Null when it wasn't. */
  get steadySize(): SeenSize | null {
    return this.#steady;
  }

  /** Since the last reading; of what is paused nothing is known. @throws Error when the thread is gone. */
  async read(): Promise<PictureFigures> {
    const figures = await this.#thread.read(this.#probe);
    this.#look(figures);
    if (figures !== null && figures.width === null && (figures.frameRate ?? 0) > 0) this.#askKeyFrame();
    return this.#consumer.producerPaused || figures === null ? unknownFigures : figures;
  }

  #look(figures: PictureFigures | null): void {
    const before = this.#seen;
    const { width = null, height = null } = figures ?? {};
    const { type, currentLayers } = this.#consumer;
    const layer = type === 'simulcast' ? (currentLayers?.spatialLayer ?? null) : null;
    const isSeen = width !== null && height !== null && (layer !== null || type !== 'simulcast');
    this.#seen = isSeen ? { width, height, layer } : null;
    const isSteady = before?.width === width && before?.height === height && before?.layer === layer;
    this.#steady = isSteady ? this.#seen : null;
  }

  /** The first one got lost, and while nobody else watches no other would come. */
  #askKeyFrame(): void {
    if (this.#asked >= mostAsked || this.#consumer.closed) return;
    this.#asked += 1;
    // It may be closed meanwhile.
    this.#consumer.requestKeyFrame().catch(() => undefined);
  }

  /** Idempotent. */
  close(): void {
    this.#transport.close();
  }
}

/** Nobody reports what arrives: no bandwidth is guessed by it, and no layer chosen. */
function withoutFeedback({ codecs = [] }: types.RtpCapabilities): types.RtpCapabilities {
  return { codecs: codecs.map((codec) => ({ ...codec, rtcpFeedback: [] })), headerExtensions: [] };
}
