import { readText } from '../http/readText.ts';
import { PushPutOff } from './PushSender.ts';
import { retryAfterSec } from './retryAfter.ts';

const timeoutMs = 10_000;
const maxLength = 100_000;

export interface Answered {
  readonly status: number;
  readonly retryAfterSec: number | null;
  /** Undefined: it was no JSON. */
  readonly body: unknown;
}

/** A request to Google by POST, with its answer, whatever that says. Throws `PushPutOff` when there is none. */
export async function askGoogle(
  url: string,
  body: string | URLSearchParams,
  headers: Record<string, string> = {},
): Promise<Answered> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, { method: 'POST', redirect: 'error', signal, headers, body });
    const text = await readText(response, maxLength);
    const wished = retryAfterSec(response.headers.get('retry-after'), Date.now());
    return { status: response.status, retryAfterSec: wished, body: jsonOf(text) };
  } catch (error) {
    throw new PushPutOff('Google can not be reached', null, error);
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
