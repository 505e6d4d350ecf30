import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, createRedis, mintJoinToken } from '@maydan/common';
import type { JoinGrant, Redis } from '@maydan/common';
import { sfuCommandChannel } from '@maydan/contracts';
import type { SfuCommand } from '@maydan/contracts';
import { startRedis } from '@maydan/infra';
import type { EmbeddedRedis } from '@maydan/infra';
import { RtpSink } from '../../testing/RtpSink.ts';
import { RtpSource, type SentCodec } from '../../testing/RtpSource.ts';
import { h264Parameters, opusParameters } from '../../testing/rtp.ts';
import { TestClient } from '../../testing/TestClient.ts';
import { secret } from '../../testing/TestSfu.ts';
import { DecodedSink } from './DecodedSink.ts';
import { NodeProcess } from './NodeProcess.ts';
import type { NodeProcessOptions } from './NodeProcess.ts';
import { sees } from './stageAt.ts';

/** Several sfu processes with one Redis; `close` ends all that was made by it. */
export class MeshStand {
  readonly redisUrl: string;
  readonly redis: Redis;
  readonly #dir: string;
  #server: EmbeddedRedis;
  readonly #cleanups: (() => unknown)[] = [];

  static async start(): Promise<MeshStand> {
    const dir = await mkdtemp(join(tmpdir(), 'maydan-mesh-'));
    return new MeshStand(dir, await startRedis({ dir }));
  }

  private constructor(dir: string, server: EmbeddedRedis) {
    this.#dir = dir;
    this.#server = server;
    this.redisUrl = server.url;
    this.redis = createRedis(server.url, createLogger('sfu', 'silent'));
    this.own(async () => {
      this.redis.disconnect();
      await this.#server.close();
      await rm(dir, { recursive: true, force: true });
    });
  }

  /** Ends Redis and starts it again at the same address once `meanwhile` is done. */
  async restartRedis(meanwhile: () => Promise<void>): Promise<void> {
    await this.#server.close();
    await meanwhile();
    this.#server = await startRedis({ dir: this.#dir });
  }

  /** Something to be undone at the end; the last comes first. */
  own(cleanup: () => unknown): void {
    this.#cleanups.push(cleanup);
  }

  async node(nodeId: string, options: Partial<NodeProcessOptions> = {}): Promise<NodeProcess> {
    const node = await NodeProcess.start({ nodeId, redisUrl: this.redisUrl, ...options });
    this.own(() => node.stop('SIGKILL'));
    return node;
  }

  async join(node: NodeProcess, grant: Partial<JoinGrant> & { sessionId: string }): Promise<TestClient> {
    const client = new TestClient(node.url, tokenOf(grant));
    this.own(() => client.close());
    await client.connected();
    await client.join();
    return client;
  }

  async publish(client: TestClient, codec: SentCodec = 'h264'): Promise<RtpSource> {
    const source = await RtpSource.start(client, codec);
    this.own(() => source.close());
    return source;
  }

  /** Once the client was told of the producer: nodes tell each other on their own time. */
  async receive(client: TestClient, producerId: string): Promise<RtpSink> {
    await sees(client, { producerIds: [producerId] });
    const sink = await RtpSink.start(client, producerId);
    this.own(() => sink.close());
    return sink;
  }

  /** Likewise. */
  async decode(client: TestClient, producerId: string): Promise<DecodedSink> {
    await sees(client, { producerIds: [producerId] });
    const sink = await DecodedSink.start(client, producerId);
    this.own(() => sink.close());
    return sink;
  }

  async command(command: SfuCommand): Promise<void> {
    await this.redis.publish(sfuCommandChannel, JSON.stringify(command));
  }

  async close(): Promise<void> {
    for (const cleanup of this.#cleanups.splice(0).reverse()) await cleanup();
  }
}

export function tokenOf(grant: Partial<JoinGrant> & { sessionId: string }): string {
  return mintJoinToken(secret, {
    peerId: randomUUID(),
    role: 'host',
    userId: null,
    displayName: 'Somebody',
    sessionType: 'video',
    ...grant,
  });
}

/** Sends a microphone that stays silent, or a camera that stays dark: for what is shown of it. */
export async function send(client: TestClient, source: 'microphone' | 'camera'): Promise<string> {
  const { transportId } = await client.request('transport.create', { direction: 'send' });
  const { producerId } = await client.request('producer.create', {
    transportId,
    kind: source === 'camera' ? 'video' : 'audio',
    source,
    rtpParameters: source === 'camera' ? h264Parameters() : opusParameters(),
  });
  return producerId;
}
