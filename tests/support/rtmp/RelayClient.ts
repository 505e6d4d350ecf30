import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { FlvReader, type FlvMessage } from './FlvReader.ts';

/** Plays an HTTP-FLV address. Whoever opens it calls `destroy`. */
export class RelayClient {
  readonly status: number;
  readonly #response: IncomingMessage;
  readonly #reader = new FlvReader();
  #body = Buffer.alloc(0);
  #ended = false;

  static async open(url: string, token?: string, method = 'GET'): Promise<RelayClient> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const request = get(url, { headers, method, agent: false });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return new RelayClient(response);
  }

  constructor(response: IncomingMessage) {
    this.#response = response;
    this.status = response.statusCode ?? 0;
    response.on('close', () => (this.#ended = true));
    response.on('error', () => undefined);
    if (this.status === 200) response.on('data', (data: Buffer) => this.#reader.write(data));
    else response.on('data', (data: Buffer) => (this.#body = Buffer.concat([this.#body, data])));
  }

  get messages(): readonly FlvMessage[] {
    return this.#reader.messages;
  }

  /** The publish has ended, or we were cut off (then `isComplete` is false). */
  get isEnded(): boolean {
    return this.#ended;
  }

  get isComplete(): boolean {
    return this.#response.complete;
  }

  /** Body of a refusal. */
  get body(): string {
    return this.#body.toString();
  }

  /** Stops reading, as a consumer does that hangs. */
  pause(): void {
    this.#response.pause();
  }

  resume(): void {
    this.#response.resume();
  }

  destroy(): void {
    this.#response.destroy();
  }
}
