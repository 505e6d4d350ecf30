import type { types } from 'mediasoup';
import { PictureMeter, type PictureFigures } from './PictureMeter.ts';

/**
 * Looks at the packets of one video producer, which mediasoup itself doesn't do: frame rate, size and key frames as they
 * arrive, from any publisher and whatever it says of itself. Of simulcast it sees the best layer there is. Who creates it
 * closes it.
 */
export class PictureProbe {
  readonly #transport: types.DirectTransport;
  readonly #consumer: types.Consumer;
  readonly #meter: PictureMeter;

  /** @throws what mediasoup throws, also when the producer is gone. */
  static async create(router: types.Router, producer: types.Producer): Promise<PictureProbe> {
    const transport = await router.createDirectTransport();
    try {
      const { rtpCapabilities } = router;
      const consumer = await transport.consume({ producerId: producer.id, rtpCapabilities });
      return new PictureProbe(transport, consumer);
    } catch (error) {
      transport.close();
      throw error;
    }
  }

  private constructor(transport: types.DirectTransport, consumer: types.Consumer) {
    this.#transport = transport;
    this.#consumer = consumer;
    this.#meter = new PictureMeter(consumer.rtpParameters.codecs[0]?.mimeType ?? '');
    consumer.on('rtp', (packet: Buffer) => this.#meter.add(packet, performance.now()));
  }

  /** Since the last reading; of what is paused nothing is known. */
  read(): PictureFigures {
    const figures = this.#meter.read(performance.now());
    if (!this.#consumer.producerPaused) return figures;
    return { frameRate: null, width: null, height: null, keyFrameIntervalMs: null };
  }

  /** Idempotent. */
  close(): void {
    this.#transport.close();
  }
}
