import { mintInternalToken } from '@maydan/common';
import { restreamWantedOutput, type RestreamWanted } from '@maydan/contracts';

export interface AskTargetsOptions {
  /** Base URL of the api. */
  readonly apiUrl: string;
  readonly internalSecret: string;
  readonly timeoutMs: number;
}

/** Asks the api where a session is sent to. Rejects when it doesn't answer; the answer holds stream keys. */
export async function askTargets(
  { apiUrl, internalSecret, timeoutMs }: AskTargetsOptions,
  sessionId: string,
): Promise<readonly RestreamWanted[]> {
  const response = await fetch(new URL('/internal/restream/targets', apiUrl), {
    method: 'POST',
    headers: {
      authorization: `Bearer ${mintInternalToken(internalSecret, 'workers')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ sessionId }),
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  const body: unknown = await response.json();
  if (!response.ok) throw new Error(`the api answered ${response.status}`);
  return restreamWantedOutput.parse(body).targets;
}
