import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, createRedis, mintJoinToken } from '@maydan/common';
import type { JoinGrant, Redis } from '@maydan/common';
import { sfuCommandChannel } from '@maydan/contracts';
import type { SfuCommand } from '@maydan/contracts';
import { startRedis } from '@maydan/infra';
import { RtpSink } from '../../testing/RtpSink.ts';
import { RtpSource } from '../../testing/RtpSource.ts';
import { opusParameters } from '../../testing/rtp.ts';
import { TestClient } from '../../testing/TestClient.ts';
import { secret } from '../../testing/TestSfu.ts';
import { DecodedSink } from './DecodedSink.ts';
import { NodeProcess } from './NodeProcess.ts';
import type { NodeProcessOptions } from './NodeProcess.ts';

/** Several sfu processes with one Redis; `close` ends all that was made by it. */
export class MeshStand {
  readonly redisUrl: string;
  readonly redis: Redis;
  readonly #cleanups: (() => unknown)[] = [];

  static async start(): Promise<MeshStand> {
    const dir = await mkdtemp(join(tmpdir(), 'maydan-mesh-'));
    const server = await startRedis({ dir });
    const stand = new MeshStand(server.url);
    stand.#cleanups.unshift(async () => {
      await server.close();
      await rm(dir, { recursive: true, force: true });
    });
    return stand;
  }

  private constructor(redisUrl: string) {
    this.redisUrl = redisUrl;
    this.redis = createRedis(redisUrl, createLogger('sfu', 'silent'));
    this.#cleanups.push(() => this.redis.disconnect());
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

  async publish(client: TestClient): Promise<RtpSource> {
    const source = await RtpSource.start(client);
    this.own(() => source.close());
    return source;
  }

  async receive(client: TestClient, producerId: string): Promise<RtpSink> {
    const sink = await RtpSink.start(client, producerId);
    this.own(() => sink.close());
    return sink;
  }

  async decode(client: TestClient, producerId: string): Promise<DecodedSink> {
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

/** Sends a microphone that stays silent: for what is shown of it. */
export async function speak(client: TestClient): Promise<string> {
  const { transportId } = await client.request('transport.create', { direction: 'send' });
  const { producerId } = await client.request('producer.create', {
    transportId,
    kind: 'audio',
    source: 'microphone',
    rtpParameters: opusParameters(),
  });
  return producerId;
}
