import * as mediasoup from 'mediasoup';
import type { types } from 'mediasoup';
import { reasonOf } from './reasonOf.ts';

/** How WebRTC is listened for, and where plain RTP gets its ports. */
export interface RtcListening {
  /** Port of the first Worker; the others have those after it. 0: any free ones of `portRange`. */
  readonly port: number;
  readonly addresses: readonly ListenAddress[];
  readonly portRange: types.TransportPortRange;
}

export interface ListenAddress {
  readonly ip: string;
  /** What clients are told in place of `ip`. */
  readonly announcedAddress?: string;
}

/** `appData` of a consumer that is no receiver, and takes nobody's place. */
export const noReceiver = { isReceiver: false } as const;

type Counted = 'routers' | 'transports' | 'producers' | 'consumers';

/** A mediasoup Worker with its WebRtcServer and the number of what lives in it, pipes included. */
export class PooledWorker {
  readonly index: number;
  readonly worker: types.Worker;
  readonly webRtcServer: types.WebRtcServer;
  readonly #counts: Record<Counted, number> = { routers: 0, transports: 0, producers: 0, consumers: 0 };

  /** @throws Error when the Worker can't be started or its port is taken. */
  static async create(
    index: number,
    settings: types.WorkerSettings,
    listening: RtcListening,
  ): Promise<PooledWorker> {
    const worker = await mediasoup.createWorker(settings);
    try {
      const webRtcServer = await worker.createWebRtcServer({ listenInfos: listenInfos(index, listening) });
      return new PooledWorker(index, worker, webRtcServer);
    } catch (cause) {
      worker.close();
      throw new Error(`${portsOf(index, listening)}: ${reasonOf(cause)}`, { cause });
    }
  }

  private constructor(index: number, worker: types.Worker, webRtcServer: types.WebRtcServer) {
    this.index = index;
    this.worker = worker;
    this.webRtcServer = webRtcServer;
    worker.observer.on('newrouter', (router) => this.#watch(router));
  }

  get pid(): number {
    return this.worker.pid;
  }

  get counts(): Readonly<Record<Counted, number>> {
    return this.#counts;
  }

  close(): void {
    this.worker.close();
  }

  #watch(router: types.Router): void {
    this.#count('routers', router.observer);
    router.observer.on('newtransport', (transport) => {
      this.#count('transports', transport.observer);
      transport.observer.on('newproducer', (producer) => this.#count('producers', producer.observer));
      transport.observer.on('newconsumer', ({ appData, observer }) => {
        if (appData['isReceiver'] !== false) this.#count('consumers', observer);
      });
    });
  }

  #count(what: Counted, observer: { once(event: 'close', listener: () => void): unknown }): void {
    this.#counts[what]++;
    observer.once('close', () => this.#counts[what]--);
  }
}

/**
 * All clients of a Worker send to one socket. The system's default holds 90 packets: less than one key frame, or what 250
 * viewers report back within 20 ms. The system may grant less (`net.core.rmem_max`).
 */
const recvBufferSize = 4_194_304;

/** Names the settings, for whoever reads why the node doesn't start. */
function portsOf(index: number, { port, portRange: { min, max } }: RtcListening): string {
  return port === 0
    ? `WebRTC can't listen at any port of SFU_RTC_MIN_PORT to SFU_RTC_MAX_PORT (${min} to ${max})`
    : `WebRTC of Worker ${index} can't listen at port ${port + index} (SFU_RTC_PORT and the next ones)`;
}

/** UDP first: a client takes the first that works. */
function listenInfos(
  index: number,
  { port, addresses, portRange }: RtcListening,
): types.TransportListenInfo[] {
  const where = port === 0 ? { portRange } : { port: port + index };
  return (['udp', 'tcp'] as const).flatMap((protocol) =>
    addresses.map((address) => ({
      ...{ protocol, ...address, ...where },
      ...(protocol === 'udp' ? { recvBufferSize } : {}),
    })),
  );
}
