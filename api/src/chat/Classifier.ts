import { z } from 'zod';
import { readText } from '../http/readText.ts';

/** What is asked about. */
export interface Classified {
  /** As it would be stored. */
  readonly text: string;
  readonly sessionId: string;
}

const verdict = z.object({
  allow: z.boolean(),
  /** For its sender. */
  reason: z
    .string()
    .transform((text) => text.slice(0, 200))
    .nullish()
    .transform((text) => text ?? null),
});
export type Verdict = z.infer<typeof verdict>;

/** Somebody else's judgement of what people write. */
export interface Classifier {
  /** Rejects when `signal` aborts, and when there is no judgement. */
  judge(what: Classified, signal: AbortSignal): Promise<Verdict>;
}

const maxAnswer = 4_096;

/**
 * Asks any HTTP service: `POST` with `{ text, sessionId }` in JSON, answered by 2xx with `{ allow, reason? }`. Its address is
 * the operator's, so private ones are fine.
 */
export class HttpClassifier implements Classifier {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string, token: string | undefined) {
    this.#url = url;
    this.#headers = {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
  }

  async judge({ text, sessionId }: Classified, signal: AbortSignal): Promise<Verdict> {
    const response = await fetch(this.#url, {
      ...{ method: 'POST', redirect: 'error', headers: this.#headers, signal },
      body: JSON.stringify({ text, sessionId }),
    });
    const answer = await readText(response, maxAnswer);
    if (!response.ok) throw new Error(`The classifier answered ${response.status}.`);
    return verdict.parse(JSON.parse(answer));
  }
}
