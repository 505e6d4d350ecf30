import { request, type Agent, type ClientRequest, type IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** A whole answer of another origin. */
export interface Fetched {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

interface Flight {
  readonly answer: Promise<Fetched>;
  readonly abort: () => void;
  waiting: number;
}

export interface FetchOptions {
  readonly agent: Agent;
  readonly headers: Readonly<Record<string, string>>;
  /** Without a byte for this long the request fails. */
  readonly idleMs: number;
}

/** One request to another origin for all who ask for the same URL while it is under way. */
export class CollapsedFetches {
  readonly #options: FetchOptions;
  readonly #flights = new Map<string, Flight>();

  constructor(options: FetchOptions) {
    this.#options = options;
  }

  /** Joins or starts the request; `leave` is for a client that no longer waits (the last one ends the request). */
  join(url: string): { answer: Promise<Fetched>; leave: () => void } {
    const flight = this.#flights.get(url) ?? this.#start(url);
    flight.waiting += 1;
    let left = false;
    const leave = () => {
      if (left) return;
      left = true;
      flight.waiting -= 1;
      if (flight.waiting === 0) flight.abort();
    };
    return { answer: flight.answer, leave };
  }

  #start(url: string): Flight {
    const { agent, headers, idleMs } = this.#options;
    const outgoing = request(url, { agent, headers, timeout: idleMs });
    outgoing.on('timeout', () => outgoing.destroy(new Error('The other origin does not answer.')));
    const answer = fetched(outgoing).finally(() => {
      if (this.#flights.get(url) === flight) this.#flights.delete(url);
    });
    const flight: Flight = { answer, abort: () => this.#abort(url, flight, outgoing), waiting: 0 };
    this.#flights.set(url, flight);
    outgoing.end();
    return flight;
  }

  /** Nobody waits: whoever comes now starts anew. */
  #abort(url: string, flight: Flight, outgoing: ClientRequest): void {
    if (this.#flights.get(url) !== flight) return;
    this.#flights.delete(url);
    outgoing.destroy();
  }
}

function fetched(outgoing: ClientRequest): Promise<Fetched> {
  return new Promise((resolve, reject) => {
    outgoing.once('error', reject);
    outgoing.once('response', (incoming) => {
      const { statusCode: status = 502, headers } = incoming;
      buffer(incoming).then((body) => resolve({ status, headers, body }), reject);
    });
  });
}
