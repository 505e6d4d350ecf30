import { relayPath, RelayServer, type Logger, type RelayStream } from '@maydan/common';

export interface StageRelaysOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** How other workers reach it; null: loopback with the port in use. */
  readonly url: string | null;
  readonly internalSecret: string;
  readonly log: Logger;
}

/** The stages that this process publishes, as `live.transcode` pulls them: HTTP-FLV for bearers of a relay token. */
export class StageRelays {
  readonly #streams = new Map<string, RelayStream>();
  readonly #server: RelayServer;
  readonly #url: string;

  /** Rejects when the port is taken. */
  static async create(options: StageRelaysOptions): Promise<StageRelays> {
    const { host, port, internalSecret, log: logger } = options;
    const streams = new Map<string, RelayStream>();
    const find = (sessionId: string, epoch: number) => streams.get(relayPath(sessionId, epoch));
    const ignore = (): void => undefined;
    const server = await RelayServer.create({
      ...{ host, port, internalSecret, find, logger },
      relayed: ignore,
      dropped: ignore,
    });
    return new StageRelays(streams, server, options.url ?? `http://127.0.0.1:${server.port}`);
  }

  private constructor(streams: Map<string, RelayStream>, server: RelayServer, url: string) {
    this.#streams = streams;
    this.#server = server;
    this.#url = url.replace(/\/+$/, '');
  }

  get port(): number {
    return this.#server.port;
  }

  /** Offers a publish; returns where it is played, and how to take it back. */
  add(sessionId: string, epoch: number, stream: RelayStream): { relayUrl: string; remove: () => void } {
    const path = relayPath(sessionId, epoch);
    this.#streams.set(path, stream);
    const remove = (): void => {
      if (this.#streams.get(path) === stream) this.#streams.delete(path);
    };
    return { relayUrl: this.#url + path, remove };
  }

  close(): Promise<void> {
    return this.#server.close();
  }
}
