import { setTimeout as delay } from 'node:timers/promises';
import type { Session } from '@maydan/contracts';
import { TestStack } from '../TestStack.ts';
import { waitFor } from '../waitFor.ts';
import type { ClientProcess } from '../whip/ClientProcess.ts';
import { startAiortcPublisher } from '../whip/clients.ts';
import { UdpRelay } from '../whip/UdpRelay.ts';

/** Half a round trip: what is lost comes again two of these and some milliseconds later. */
const delayMs = 20;
/** One Worker: the relay has one port to send to. Two cores carry the publisher and all encoders. */
const env = { SFU_WORKERS: '1', STAGE_HEIGHT: '270', STAGE_FRAME_RATE: '25' };

/** Somebody who flashes and beeps is live by WHIP through a network that loses packets; the stage of them goes to HLS. */
export class LossyLive {
  readonly stack: TestStack;
  readonly relay: UdpRelay;
  readonly publisher: ClientProcess;

  /** H.264 alone on stage is passed on unless too many of its pictures are torn, VP8 is composed. Who starts it closes it. */
  static async start(stack: TestStack, codec: 'VP8' | 'H264'): Promise<LossyLive> {
    const relay = await UdpRelay.start(0);
    relay.delayMs = delayMs;
    const endpoint = `${stack.stack.addresses.sfu}/whip`;
    const publisher = await startAiortcPublisher(endpoint, stack.streamKey, codec, relay.port);
    const live = new LossyLive(stack, relay, publisher);
    try {
      await live.#connect();
      return live;
    } catch (error) {
      await live.close();
      throw error;
    }
  }

  private constructor(stack: TestStack, relay: UdpRelay, publisher: ClientProcess) {
    this.stack = stack;
    this.relay = relay;
    this.publisher = publisher;
  }

  /** Loses this share of the packets, both ways, for so long. Throws when the publisher is no longer connected then. */
  async lose(share: number, durationMs: number): Promise<void> {
    this.relay.loss = share;
    await delay(durationMs);
    const state = this.publisher.last('state');
    if (state !== 'connected') throw new Error(`the publisher is ${String(state)}`);
  }

  /** Ends the broadcast; returns the session, whose playback is the recording of it. */
  async end(session: Session): Promise<Session> {
    const api = await this.stack.broadcaster();
    await api.sessions.end({ id: session.id });
    return this.stack.waitForState(session.id, 'ended', 60_000);
  }

  async close(): Promise<void> {
    await this.publisher.kill();
    this.relay.close();
  }

  async #connect(): Promise<void> {
    const port = await waitFor('the answer', () => Number(this.publisher.last('rtcPort') ?? 0) || undefined);
    this.relay.targetPort = port;
    await waitFor('the publisher', () => this.publisher.last('state') === 'connected');
  }
}

export interface LossyLiveInUse {
  /** Starts a broadcast on the stack of this file; returns once its stage is in this mode and playable. */
  live(codec: 'VP8' | 'H264'): Promise<{ live: LossyLive; session: Session }>;
}

/** Gives a `describe` a stack, and ends each test's broadcast after it. */
export function useLossyLive(): LossyLiveInUse {
  let stack: TestStack;
  let current: LossyLive | null = null;
  beforeAll(async () => {
    stack = await TestStack.start({ env });
  }, 180_000);
  afterEach(async () => {
    await current?.close();
    current = null;
  });
  afterAll(() => stack?.close(), 60_000);
  return {
    async live(codec) {
      current = await LossyLive.start(stack, codec);
      const session = await stack.waitForLive(60_000);
      const passed = codec === 'H264' ? 1 : 0;
      await waitFor(
        'the way its picture goes',
        async () => (await stack.metric('workers', 'maydan_workers_stages_passed')) === passed,
        { timeoutMs: 30_000 },
      );
      return { live: current, session };
    },
  };
}
