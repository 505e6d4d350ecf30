import { AppError } from '@maydan/common';
import type { IceFragment } from '../sdp/iceFragment.ts';

export type Patch =
  /** More candidates of the ICE session at hand. */
  | { readonly type: 'trickle' }
  | { readonly type: 'restart'; readonly usernameFragment: string; readonly password: string };

/**
 * What a PATCH asks for (RFC 9725, section 4.3). An ICE restart has `If-Match: "*"` or `*` and a new ufrag; candidates
 * have the entity tag of the ICE session they belong to, so that late ones of an older session are known as such.
 * Throws `precondition_required` (428) without `If-Match`, `precondition_failed` (412) with a stale one,
 * `validation_failed` (422) for a restart without a password.
 */
export function decidePatch(
  ifMatch: string | undefined,
  current: { readonly etag: string; readonly remoteUsernameFragment: string },
  fragment: IceFragment,
): Patch {
  if (ifMatch === undefined) throw new AppError('precondition_required');
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  const any = tags.includes('*') || tags.includes('"*"');
  if (!any && !tags.includes(current.etag)) throw new AppError('precondition_failed');
  const { usernameFragment, password } = fragment;
  if (usernameFragment === null || usernameFragment === current.remoteUsernameFragment) {
    return { type: 'trickle' };
  }
  if (password === null)
    throw new AppError('validation_failed', 'An ICE restart needs ice-ufrag and ice-pwd.');
  return { type: 'restart', usernameFragment, password };
}
