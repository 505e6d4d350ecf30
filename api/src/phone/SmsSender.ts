import { AppError, type Logger } from '@maydan/common';

const timeoutMs = 10_000;

/** A way to send text messages. */
export interface SmsSender {
  /** `to` in E.164. Throws `unavailable` unless the message was taken. */
  send(to: string, text: string): Promise<void>;
}

export interface GatewayOptions {
  readonly url: string;
  readonly token: string | undefined;
  /** JSON with `{to}` and `{text}` within strings. */
  readonly body: string;
}

/** Any gateway that takes a JSON document by POST and answers 2xx. */
export class HttpSmsSender implements SmsSender {
  readonly #options: GatewayOptions;
  readonly #logger: Logger;

  constructor(options: GatewayOptions, logger: Logger) {
    this.#options = options;
    this.#logger = logger;
  }

  async send(to: string, text: string): Promise<void> {
    const { url, token, body } = this.#options;
    const values = { to, text };
    try {
      const response = await fetch(url, {
        method: 'POST',
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          'content-type': 'application/json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: body.replace(/\{(to|text)\}/g, (_, name: 'to' | 'text') => inString(values[name])),
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`The gateway answered ${response.status}.`);
    } catch (error) {
      this.#logger.warn({ err: error }, 'a text message was not sent');
      throw new AppError('unavailable', 'The text message could not be sent.');
    }
  }
}

/** As it stands within a string of JSON. */
function inString(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
