import { RtmpClient } from '../rtmp/RtmpClient.ts';
import type { ClipMessage } from './enhancedClip.ts';

const everyMs = 10;
const chunkBytes = 4_096;

/** Publishes a clip over RTMP once, at the speed of real time. Who starts it stops it. */
export class ClipPublisher {
  readonly client: RtmpClient;
  readonly #timer: NodeJS.Timeout;

  /** `port` of the RTMP server; `clip` in order of its times. Returns once the server has agreed. */
  static async start(port: number, streamKey: string, clip: readonly ClipMessage[]): Promise<ClipPublisher> {
    const client = await RtmpClient.publish({ port }, streamKey);
    const { code } = await client.waitForStatus();
    if (code !== 'NetStream.Publish.Start') throw new Error(`the server says ${code}`);
    client.setChunkSize(chunkBytes);
    return new ClipPublisher(client, clip);
  }

  private constructor(client: RtmpClient, clip: readonly ClipMessage[]) {
    this.client = client;
    const startedMs = performance.now();
    let next = 0;
    this.#timer = setInterval(() => {
      const dueMs = performance.now() - startedMs;
      for (; (clip[next]?.timestampMs ?? Infinity) <= dueMs; next += 1) {
        const { kind, timestampMs, payload } = clip[next]!;
        client.send(kind, timestampMs, payload);
      }
    }, everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.client.destroy();
  }
}
