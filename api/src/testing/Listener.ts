import { waitUntil } from '@maydan/infra';
import type { Redis } from '@maydan/common';
import type { z } from 'zod';

/** Hears a Redis channel and keeps what was said, parsed. */
export class Listener<T extends z.ZodType> {
  readonly heard: z.infer<T>[] = [];
  readonly #connection: Redis;

  static async on<T extends z.ZodType>(redis: Redis, channel: string, schema: T): Promise<Listener<T>> {
    const connection = redis.duplicate();
    // `redis` tells of trouble itself; without a listener ioredis writes it to the console.
    connection.on('error', () => undefined);
    const listener = new Listener<T>(connection);
    connection.on('message', (_: string, text: string) => {
      listener.heard.push(schema.parse(JSON.parse(text)));
    });
    await connection.subscribe(channel);
    return listener;
  }

  private constructor(connection: Redis) {
    this.#connection = connection;
  }

  /** Waits until something fitting was heard. */
  async until(fits: (message: z.infer<T>) => boolean): Promise<z.infer<T>> {
    let found: z.infer<T> | undefined;
    await waitUntil('the message', () => (found = this.heard.find(fits)) !== undefined, 60_000);
    return found as z.infer<T>;
  }

  close(): void {
    this.#connection.disconnect();
  }
}
