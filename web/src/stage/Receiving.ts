import { errorTable, rtpCapabilities as capabilitiesSchema } from '@maydan/contracts';
import type { ProducerInfo, SignalingOutput } from '@maydan/contracts';
import type { Device } from 'mediasoup-client';
import type { Consumer, RtpParameters } from 'mediasoup-client/types';
import { Poller } from '../api/poll.ts';
import { problemOf } from '../api/problem.ts';
import type { Attachment } from './Attachment.ts';
import { PictureWatch } from './PictureWatch.ts';
import { readRtpStats } from './rtpStats.ts';
import type { StageEvent } from './stageState.ts';
import { MediaTransport } from './transport.ts';
import type { Ask, TransportEvents } from './transport.ts';

export interface ReceivingDeps {
  readonly device: Device;
  readonly ask: Ask;
  /** What others send at the moment. */
  producers(): readonly ProducerInfo[];
  /** Elements by producer id; they outlive the connection. */
  readonly attachments: ReadonlyMap<string, Attachment>;
  readonly dispatch: (event: StageEvent) => void;
  readonly events: TransportEvents;
}

interface Received {
  readonly consumer: Consumer;
  readonly layered: boolean;
}

const retryMs = 1_000;

/** Receives whatever others send, each paused until an element shows it. */
export class Receiving {
  private readonly deps: ReceivingDeps;
  private readonly received = new Map<string, Received>();
  /** By producer id, of the pictures that are shown. */
  private readonly watches = new Map<string, PictureWatch>();
  /** Producers that the sfu refused or whose codec isn't known here: asked for again only after a new join. */
  private readonly refused = new Set<string>();
  private readonly poller: Poller;
  private opening: Promise<MediaTransport> | null = null;
  private closed = false;
  private failed = false;

  constructor(deps: ReceivingDeps) {
    this.deps = deps;
    this.poller = new Poller(
      () => this.sync(),
      () => (this.failed ? retryMs : null),
    );
  }

  /** To be called whenever the producers have changed, or the connection has come back. */
  poke(): void {
    this.poller.poke();
  }

  async restartIce(): Promise<void> {
    await (await this.opening)?.restartIce();
  }

  /** Consumers by producer id, for statistics. */
  all(): ReadonlyMap<string, Received> {
    return this.received;
  }

  /** The sfu closed a consumer. */
  consumerClosed(consumerId: string): void {
    for (const [producerId, { consumer }] of this.received) {
      if (consumer.id === consumerId) this.forget(producerId, consumer);
    }
    this.poke();
  }

  /** An element for a producer came. */
  attached(producerId: string): void {
    const received = this.received.get(producerId);
    if (received) void this.show(producerId, received);
  }

  detached(producerId: string): void {
    this.unwatch(producerId);
    const received = this.received.get(producerId);
    if (received) this.tell('consumer.pause', { consumerId: received.consumer.id });
  }

  resized(producerId: string): void {
    const received = this.received.get(producerId);
    const size = this.deps.attachments.get(producerId)?.shownSize;
    if (!received?.layered || !size) return;
    this.tell('consumer.setSize', { consumerId: received.consumer.id, ...size });
  }

  close(): void {
    this.closed = true;
    this.poller.stop();
    for (const producerId of [...this.watches.keys()]) this.unwatch(producerId);
    this.received.clear();
    void this.opening?.then(
      (transport) => transport.close(),
      () => undefined,
    );
  }

  private async sync(): Promise<void> {
    this.failed = false;
    const producers = this.deps.producers();
    const present = new Set(producers.map(({ producerId }) => producerId));
    for (const [producerId, { consumer }] of this.received) {
      if (!present.has(producerId)) this.forget(producerId, consumer);
    }
    const missing = producers.filter(
      ({ producerId }) => !this.received.has(producerId) && !this.refused.has(producerId),
    );
    await Promise.all(missing.map(({ producerId }) => this.receive(producerId)));
  }

  private async receive(producerId: string): Promise<void> {
    try {
      const received = await this.consume(producerId);
      if (this.closed) return received.consumer.close();
      this.received.set(producerId, received);
      this.deps.dispatch({ type: 'consumed', producerId, consumerId: received.consumer.id });
      await this.show(producerId, received);
    } catch (error) {
      if (this.closed) return;
      if (errorTable[problemOf(error).code].retry) this.failed = true;
      else this.refused.add(producerId);
    }
  }

  private async consume(producerId: string): Promise<Received> {
    const { ask, device } = this.deps;
    const { transport } = await this.openTransport();
    const rtpCapabilities = capabilitiesSchema.parse(device.recvRtpCapabilities);
    const answer = await ask('consumer.create', { transportId: transport.id, producerId, rtpCapabilities });
    const consumer = await transport.consume(consumerOptions(answer));
    return { consumer, layered: answer.type === 'simulcast' || answer.type === 'svc' };
  }

  private openTransport(): Promise<MediaTransport> {
    const { device, ask, events } = this.deps;
    if (this.opening) return this.opening;
    const opening = MediaTransport.create(device, 'receive', ask, events);
    this.opening = opening;
    opening.catch(() => {
      if (this.opening === opening) this.opening = null;
    });
    return opening;
  }

  private async show(producerId: string, { consumer }: Received): Promise<void> {
    const attachment = this.deps.attachments.get(producerId);
    if (!attachment) return;
    const playing = attachment.play(consumer.track);
    this.tell('consumer.resume', { consumerId: consumer.id });
    this.resized(producerId);
    if (consumer.kind === 'video') this.watch(producerId, consumer);
    if (!(await playing)) this.deps.dispatch({ type: 'soundBlocked', blocked: true });
  }

  private watch(producerId: string, consumer: Consumer): void {
    this.unwatch(producerId);
    const { id: consumerId } = consumer;
    const watch = new PictureWatch({
      decoded: async () => readRtpStats([...(await consumer.getStats()).values()], null).frames,
      expected: () => this.deps.producers().some((one) => one.producerId === producerId && !one.pausedBy),
      askAgain: () => {
        this.tell('consumer.resume', { consumerId });
        this.tell('consumer.requestKeyFrame', { consumerId });
      },
    });
    this.watches.set(producerId, watch);
  }

  private unwatch(producerId: string): void {
    this.watches.get(producerId)?.close();
    this.watches.delete(producerId);
  }

  private forget(producerId: string, consumer: Consumer): void {
    this.unwatch(producerId);
    this.received.delete(producerId);
    consumer.close();
    this.deps.dispatch({ type: 'unconsumed', producerId });
  }

  /** What fails because the connection is lost is made good by `show` after the next join, or by the watch of the picture. */
  private tell(
    ...[name, input]:
      | ['consumer.resume' | 'consumer.pause' | 'consumer.requestKeyFrame', { consumerId: string }]
      | ['consumer.setSize', { consumerId: string; width: number; height: number }]
  ): void {
    this.deps.ask(name, input).catch(() => undefined);
  }
}

function consumerOptions(answer: SignalingOutput<'consumer.create'>) {
  return {
    id: answer.consumerId,
    producerId: answer.producerId,
    kind: answer.kind,
    rtpParameters: answer.rtpParameters as RtpParameters,
    // Sound and picture of one person are played in step.
    streamId: `${answer.peerId}:${answer.source.startsWith('screen') ? 'screen' : 'person'}`,
  };
}
