import type { TFunction } from 'i18next';
import type { ApiProblem } from '../api/api.ts';

/** A failed request in the viewer's words, by code. */
export function problemText(t: TFunction, problem: ApiProblem): string {
  if (problem.code === 'rate_limited') return t('error.rate_limited');
  if (problem.code === 'session_private') return t('error.session_private');
  if (problem.code === 'chat_kicked') return t('error.chat_kicked');
  if (problem.code === 'forbidden') return t('error.forbidden');
  return problem.retry ? t('error.unavailable') : t('error.other');
}
