import { addressGroup, type GuessLimiter, type Logger } from '@maydan/common';
import type { Authorizer, RefusalReason } from './authorize/Authorizer.ts';
import type { Metrics } from './metrics.ts';
import type { StreamRequest } from './nms/rtmpWire.ts';
import type { Publishes } from './Publishes.ts';
import type { CloseReason, ConnectionEvents, RtmpConnection } from './rtmp/RtmpConnection.ts';

export interface PublishGateOptions {
  readonly authorizer: Pick<Authorizer, 'authorize'>;
  readonly guesses: GuessLimiter;
  readonly publishes: Publishes;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** The one application of the RTMP address; see RTMP_PUBLIC_URL of the api. */
const liveApp = 'live';
/** Some encoders keep the slash that ends the address the user typed. As many as a stranger likes would keep the process busy. */
const liveAppAsSent = /^live\/{0,16}$/;

/** What encoders show their user (ASCII: node-media-server counts characters, not bytes). */
const refusals: Record<RefusalReason | 'unknownApp' | 'guessing' | 'play', { code: string; text: string }> = {
  keyRefused: { code: 'NetStream.Publish.BadName', text: 'The stream key is not valid.' },
  unknownApp: { code: 'NetStream.Publish.BadName', text: 'Publish to the application "live".' },
  rateLimited: { code: 'NetStream.Publish.Denied', text: 'Too many attempts; try again later.' },
  guessing: { code: 'NetStream.Publish.Denied', text: 'Too many attempts; try again later.' },
  apiAway: { code: 'NetStream.Publish.Denied', text: 'Publishing is not possible right now; try again.' },
  play: { code: 'NetStream.Play.Failed', text: 'This address takes streams and plays none.' },
};

/** Decides about connections that want to publish, and keeps them out of everything until the api has agreed. */
export class PublishGate implements ConnectionEvents {
  readonly #options: PublishGateOptions;

  constructor(options: PublishGateOptions) {
    this.#options = options;
  }

  publishRequested(connection: RtmpConnection, request: StreamRequest): void {
    this.#decide(connection, request).catch((error: unknown) => {
      const { logger } = this.#options;
      logger.error({ err: error, connectionId: connection.id }, 'a publish could not be decided about');
      connection.close('closed');
    });
  }

  playRequested(connection: RtmpConnection): void {
    this.#refuse(connection, 'play');
  }

  bytesReceived(byteLength: number): void {
    this.#options.metrics.receivedBytes.inc(byteLength);
  }

  closed(connection: RtmpConnection, reason: CloseReason, cause: string | undefined): void {
    const { metrics, logger, publishes } = this.#options;
    metrics.closed.inc({ reason });
    const ids = { connectionId: connection.id, address: connection.remoteAddress };
    logger.debug({ ...ids, reason, cause }, 'connection closed');
    publishes.connectionClosed(connection, reason, cause);
  }

  async #decide(connection: RtmpConnection, request: StreamRequest): Promise<void> {
    const { authorizer, guesses, publishes, metrics } = this.#options;
    if (!liveAppAsSent.test(request.app)) return this.#refuse(connection, 'unknownApp');
    const attempt = await guesses.begin(addressGroup(connection.remoteAddress));
    if (attempt === undefined) return this.#refuse(connection, 'guessing');
    const answered = metrics.authorizeSeconds.startTimer();
    const verdict = await authorizer.authorize({
      app: liveApp,
      streamKey: request.name,
      connectionId: connection.id,
      remoteAddress: connection.remoteAddress,
    });
    answered();
    const guessed = verdict.type === 'refused' && verdict.reason === 'keyRefused';
    attempt.settle(guessed ? 'refused' : 'other');
    if (verdict.type === 'refused') return this.#refuse(connection, verdict.reason);
    if (publishes.start(connection, verdict)) metrics.published.inc();
  }

  #refuse(connection: RtmpConnection, reason: keyof typeof refusals): void {
    const { metrics, logger } = this.#options;
    metrics.refused.inc({ reason });
    const ids = { connectionId: connection.id, address: connection.remoteAddress };
    logger.info({ ...ids, reason }, reason === 'play' ? 'play refused' : 'publish refused');
    connection.refuse(refusals[reason].code, refusals[reason].text);
  }
}
