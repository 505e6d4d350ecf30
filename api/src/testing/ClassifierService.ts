import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { LocalHttp } from './LocalHttp.ts';

/** What the service does with a question. */
export type ClassifierMode =
  { readonly status?: number; readonly body: string } | 'hang' | 'die' | 'redirect';

export const allows: ClassifierMode = { body: '{"allow":true}' };

/** A service that judges texts, over real HTTP. */
export class ClassifierService extends LocalHttp {
  readonly asked: { authorization: string | undefined; body: unknown }[] = [];
  /** Questions whose client went before there was an answer. */
  abandoned = 0;
  mode: ClassifierMode = allows;

  static async start(): Promise<ClassifierService> {
    return new ClassifierService(await LocalHttp.listen());
  }

  protected override async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { mode } = this;
    this.asked.push({
      authorization: request.headers.authorization,
      body: JSON.parse(await text(request)) as unknown,
    });
    response.once('close', () => {
      if (!response.writableEnded) this.abandoned++;
    });
    if (mode === 'hang') return;
    if (mode === 'die') request.socket.destroy();
    else if (mode === 'redirect') response.writeHead(307, { location: this.url }).end();
    else response.writeHead(mode.status ?? 200).end(mode.body);
  }
}
