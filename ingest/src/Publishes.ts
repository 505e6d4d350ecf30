import { RelayStream, type FactWriter, type Logger } from '@maydan/common';
import type { FactOf, IngestAuthorizeOutput } from '@maydan/contracts';
import { toFlvTag } from './relay/flvTag.ts';
import type { CloseReason, RtmpConnection } from './rtmp/RtmpConnection.ts';

type UnpublishReason = FactOf<'ingest.unpublished'>['reason'];

export interface PublishesOptions {
  readonly facts: Pick<FactWriter, 'append'>;
  readonly relayUrlOf: (sessionId: string, epoch: number) => string;
  readonly logger: Logger;
}

interface Publish {
  readonly sessionId: string;
  readonly epoch: number;
  readonly connection: RtmpConnection;
  readonly relay: RelayStream;
}

interface Drop {
  readonly epoch: number;
  readonly reason: UnpublishReason;
}

/** Sessions whose last drop is remembered, for answers of the api that it overtook on its way here. */
const maxRememberedDrops = 1_000;

/**
 * The accepted publishes, one per session: the newest epoch wins. Nothing reaches the relay, and no fact is told,
 * before a connection has been accepted here.
 */
export class Publishes {
  readonly #options: PublishesOptions;
  readonly #bySession = new Map<string, Publish>();
  readonly #byConnection = new Map<string, Publish>();
  readonly #drops = new Map<string, Drop>();

  constructor(options: PublishesOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#bySession.size;
  }

  get consumerCount(): number {
    return [...this.#bySession.values()].reduce((sum, { relay }) => sum + relay.consumerCount, 0);
  }

  /** Running publishes as session and epoch. */
  list(): { sessionId: string; epoch: number }[] {
    return [...this.#bySession.values()].map(({ sessionId, epoch }) => ({ sessionId, epoch }));
  }

  relayOf(sessionId: string, epoch: number): RelayStream | undefined {
    const publish = this.#bySession.get(sessionId);
    return publish?.epoch === epoch ? publish.relay : undefined;
  }

  /**
   * Starts a publish on a held connection that the api has accepted. An older one of the session ends first. The
   * connection is closed instead, and false returned, when meanwhile it has gone, was overtaken by a newer epoch
   * or was dropped.
   */
  start(connection: RtmpConnection, { sessionId, epoch }: IngestAuthorizeOutput): boolean {
    const overtaken = this.#whyTooLate(connection, sessionId, epoch);
    if (overtaken !== undefined) {
      connection.close(overtaken);
      this.#tellUnpublished(sessionId, epoch, connection, overtaken);
      return false;
    }
    this.#bySession.get(sessionId)?.connection.close('takenOver');
    const publish: Publish = { sessionId, epoch, connection, relay: new RelayStream() };
    this.#bySession.set(sessionId, publish);
    this.#byConnection.set(connection.id, publish);
    this.#options.facts.append({
      type: 'ingest.published',
      sessionId,
      epoch,
      connectionId: connection.id,
      relayUrl: this.#options.relayUrlOf(sessionId, epoch),
      sourceKind: 'rtmp',
      at: new Date().toISOString(),
    });
    this.#options.logger.info({ sessionId, epoch, connectionId: connection.id }, 'published');
    connection.accept((message) => publish.relay.push(toFlvTag(message)));
    return true;
  }

  /** A connection has closed; when it published, the relay ends and the fact is told. `cause` is for the log. */
  connectionClosed(connection: RtmpConnection, reason: CloseReason, cause?: string): void {
    const publish = this.#byConnection.get(connection.id);
    if (publish === undefined) return;
    const { sessionId, epoch, relay } = publish;
    this.#byConnection.delete(connection.id);
    if (this.#bySession.get(sessionId) === publish) this.#bySession.delete(sessionId);
    relay.end();
    this.#tellUnpublished(sessionId, epoch, connection, unpublishReason(reason), cause);
  }

  /** Ends the session's publish of this epoch or an older one, also one that is still being authorised. */
  drop(sessionId: string, epoch: number, reason: UnpublishReason): void {
    this.#rememberDrop(sessionId, { epoch, reason });
    const publish = this.#bySession.get(sessionId);
    if (publish !== undefined && publish.epoch <= epoch) publish.connection.close(reason);
  }

  #rememberDrop(sessionId: string, drop: Drop): void {
    if ((this.#drops.get(sessionId)?.epoch ?? -1) >= drop.epoch) return;
    this.#drops.delete(sessionId);
    this.#drops.set(sessionId, drop);
    const [oldest] = this.#drops.keys();
    if (this.#drops.size > maxRememberedDrops && oldest !== undefined) this.#drops.delete(oldest);
  }

  #whyTooLate(connection: RtmpConnection, sessionId: string, epoch: number): UnpublishReason | undefined {
    if (connection.isClosed) return 'closed';
    const dropped = this.#drops.get(sessionId);
    if (dropped !== undefined && epoch <= dropped.epoch) return dropped.reason;
    const current = this.#bySession.get(sessionId);
    return current !== undefined && current.epoch >= epoch ? 'takenOver' : undefined;
  }

  #tellUnpublished(
    sessionId: string,
    epoch: number,
    connection: RtmpConnection,
    reason: UnpublishReason,
    cause?: string,
  ): void {
    const connectionId = connection.id;
    const at = new Date().toISOString();
    this.#options.facts.append({ type: 'ingest.unpublished', sessionId, epoch, connectionId, reason, at });
    this.#options.logger.info({ sessionId, epoch, connectionId, reason, cause }, 'unpublished');
  }
}

/** The other two reasons end connections before they publish. */
function unpublishReason(reason: CloseReason): UnpublishReason {
  return reason === 'refused' || reason === 'handshakeTimedOut' ? 'closed' : reason;
}
