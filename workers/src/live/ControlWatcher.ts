import { controlDocument, controlKey, type ControlDocument } from '@maydan/contracts';
import { parseJson, type Logger, type Redis } from '@maydan/common';

const pollMs = 2_000;

type Listener = (message: string) => void;

/** Messages of Redis channels to their listeners; all watchers share one subscriber connection. */
export class ControlChannel {
  readonly #subscriber: Redis;
  readonly #listeners = new Map<string, Set<Listener>>();

  /** `subscriber`: a connection of its own, since a subscribed one takes no other commands. */
  constructor(subscriber: Redis) {
    this.#subscriber = subscriber;
    subscriber.on('message', (channel: string, message: string) => {
      for (const listener of this.#listeners.get(channel) ?? []) listener(message);
    });
  }

  listen(channel: string, listener: Listener): void {
    const listeners = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, listeners.add(listener));
    // The subscription is kept over reconnects by ioredis; a failed one is made good by polling.
    this.#subscriber.subscribe(channel).catch(() => undefined);
  }

  forget(channel: string, listener: Listener): void {
    const listeners = this.#listeners.get(channel);
    if (listeners?.delete(listener) !== true || listeners.size > 0) return;
    this.#listeners.delete(channel);
    this.#subscriber.unsubscribe(channel).catch(() => undefined);
  }
}

/** True when `next` says something newer than `current`: by the row it was made of, not by clocks. A stop is never taken back. */
export function isNewer(next: ControlDocument, current: ControlDocument | null): boolean {
  if (current === null) return true;
  if (current.desired === 'stop') return false;
  if (next.desired === 'stop') return true;
  return next.revision > current.revision;
}

export interface ControlWatcherOptions {
  readonly sessionId: string;
  readonly redis: Redis;
  readonly channel: ControlChannel;
  readonly log: Logger;
  readonly onChange: (document: ControlDocument) => void;
}

/** Follows what the api wants of a session: by announcement at once, by polling when an announcement is lost. */
export class ControlWatcher {
  readonly #options: ControlWatcherOptions;
  readonly #key: string;
  readonly #listener: (message: string) => void;
  readonly #timer: NodeJS.Timeout;
  #current: ControlDocument | null = null;
  #closed = false;

  /** Reads the document once before it returns; `onChange` was called then if there is one. */
  static async create(options: ControlWatcherOptions): Promise<ControlWatcher> {
    const watcher = new ControlWatcher(options);
    await watcher.#poll();
    return watcher;
  }

  constructor(options: ControlWatcherOptions) {
    this.#options = options;
    this.#key = controlKey(options.sessionId);
    this.#listener = (message) => this.#take(message);
    options.channel.listen(this.#key, this.#listener);
    this.#timer = setInterval(() => void this.#poll(), pollMs);
  }

  /** The newest document; null until one was read. */
  get current(): ControlDocument | null {
    return this.#current;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#options.channel.forget(this.#key, this.#listener);
  }

  async #poll(): Promise<void> {
    try {
      const text = await this.#options.redis.get(this.#key);
      if (text !== null) this.#take(text);
    } catch (error) {
      this.#options.log.debug({ err: error }, 'control document not read');
    }
  }

  #take(text: string): void {
    const parsed = controlDocument.safeParse(parseJson(text));
    if (!parsed.success) {
      this.#options.log.error({ issues: parsed.error.issues }, 'control document is not valid');
      return;
    }
    if (this.#closed || !isNewer(parsed.data, this.#current)) return;
    this.#current = parsed.data;
    this.#options.onChange(parsed.data);
  }
}
