import { mintInternalToken } from '@maydan/common';
import { errorBody, ingestAuthorizeOutput, type IngestAuthorizeOutput } from '@maydan/contracts';

export type StageVerdict =
  | ({ readonly type: 'accepted' } & IngestAuthorizeOutput)
  /** The session is over, or takes no stage. */
  | { readonly type: 'refused'; readonly code: string }
  /** The same question may be answered a moment later. */
  | { readonly type: 'unanswered'; readonly reason: string };

export interface AuthorizeStageOptions {
  /** Base URL of the api. */
  readonly apiUrl: string;
  readonly internalSecret: string;
  readonly timeoutMs: number;
}

/** Answers that say nothing about the session: our token isn't taken, a time-out, too many questions. */
const ourFault: ReadonlySet<number> = new Set([401, 403, 408, 429]);

/** Asks the api whether the stage of a session may be published, and under which epoch. Never rejects. */
export async function authorizeStage(
  { apiUrl, internalSecret, timeoutMs }: AuthorizeStageOptions,
  question: { readonly sessionId: string; readonly connectionId: string },
): Promise<StageVerdict> {
  try {
    const response = await fetch(new URL('/internal/stage/authorize', apiUrl), {
      method: 'POST',
      headers: {
        authorization: `Bearer ${mintInternalToken(internalSecret, 'workers')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(question),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const body: unknown = await response.json();
    if (response.ok) return { type: 'accepted', ...ingestAuthorizeOutput.parse(body) };
    const code = errorBody.safeParse(body).data?.error.code ?? String(response.status);
    const isOurs = response.status >= 500 || ourFault.has(response.status);
    return isOurs ? { type: 'unanswered', reason: code } : { type: 'refused', code };
  } catch (error) {
    return { type: 'unanswered', reason: error instanceof Error ? error.message : 'unknown' };
  }
}
