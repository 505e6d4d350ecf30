import { Agent, request } from 'node:http';

/** Asks an api over kept connections, as cheaply as Node can: what a client costs isn't what is measured. */
export class KeptClient {
  readonly #url: string;
  readonly #agent: Agent;

  constructor(url: string, maxSockets: number) {
    this.#url = url;
    // In turn, so that none is idle for so long that the server closes it while it is used again.
    this.#agent = new Agent({ keepAlive: true, maxSockets, scheduling: 'fifo' });
  }

  /** The body of a successful answer; `body` makes it a POST. Rejects for any other. */
  ask(
    path: string,
    { token, body, headers: more }: { token?: string; body?: object; headers?: Record<string, string> } = {},
  ): Promise<string> {
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      ...more,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const method = sent === undefined ? 'GET' : 'POST';
    return new Promise((resolve, reject) => {
      const asked = request(this.#url + path, { agent: this.#agent, method, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          if (response.statusCode === 200 || response.statusCode === 201) resolve(text);
          else reject(new Error(`${response.statusCode}: ${text}`));
        });
      });
      asked.on('error', reject).end(sent);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
