import { audioLevelUri } from '@maydan/common';
import type { types } from 'mediasoup';
import { openProbe, type ProbePlace } from '../picture/openProbe.ts';
import { noReceiver } from '../workers/PooledWorker.ts';
import { Loudness } from './Loudness.ts';

/**
 * Hears how loud the senders on one Router say to be in each packet (RFC 6464). Packets go over loopback to the thread of the probes:
 * in the event loop of the sfu, fifty a second of each who speaks would cost as much as sending them to some viewers.
 * It ends with the Router, or with the thread.
 */
export class LevelReader {
  readonly #options: ProbePlace;
  readonly #transport: types.PlainTransport;
  readonly #probe: number;
  /** By SSRC. */
  readonly #voices = new Map<number, Loudness>();

  /** @throws what mediasoup throws, also when the Router is closed; Error when the thread is gone. */
  static async create(options: ProbePlace): Promise<LevelReader> {
    const { transport, probe } = await openProbe(options, (from) => options.thread.openLevels(from));
    return new LevelReader(options, transport, probe);
  }

  private constructor(options: ProbePlace, transport: types.PlainTransport, probe: number) {
    this.#options = options;
    this.#transport = transport;
    this.#probe = probe;
    const { thread } = options;
    const hear: Parameters<typeof thread.on<'levels'>>[1] = (levels) => {
      for (const { probe: of, ssrc, ...heard } of levels)
        if (of === probe) this.#voices.get(ssrc)?.add(heard);
    };
    const end = (): void => transport.close();
    thread.on('levels', hear);
    thread.once('gone', end);
    transport.observer.once('close', () => {
      thread.off('levels', hear);
      thread.off('gone', end);
    });
  }

  get closed(): boolean {
    return this.#transport.closed;
  }

  /** `consumer` ends with the producer, or with this. @throws what mediasoup throws; Error when the thread is gone. */
  async listen(producer: types.Producer): Promise<{ loudness: Loudness; consumer: types.Consumer }> {
    const { thread, router } = this.#options;
    const { rtpCapabilities } = router;
    const producerId = producer.id;
    const consumer = await this.#transport.consume({ producerId, rtpCapabilities, appData: noReceiver });
    const { headerExtensions = [], encodings = [] } = consumer.rtpParameters;
    const extensionId = headerExtensions.find(({ uri }) => uri === audioLevelUri)?.id;
    const ssrc = encodings[0]?.ssrc;
    const loudness = new Loudness();
    if (ssrc === undefined || extensionId === undefined) return { loudness, consumer };
    this.#voices.set(ssrc, loudness);
    const forget = (): void => {
      this.#voices.delete(ssrc);
      thread.forget(this.#probe, ssrc);
    };
    if (consumer.closed) forget();
    else consumer.observer.once('close', forget);
    try {
      await thread.listen(this.#probe, ssrc, extensionId);
    } catch (error) {
      consumer.close();
      throw error;
    }
    return { loudness, consumer };
  }
}
