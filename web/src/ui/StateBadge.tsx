import type { SessionState } from '@maydan/contracts';
import { useTranslation } from 'react-i18next';

/** The session's state as a small label; only what is on air is red. */
export function StateBadge({ state }: { readonly state: SessionState }) {
  const { t } = useTranslation();
  return (
    <span className={`badge ${state}`} data-testid="state">
      {t(`state.${state}`)}
    </span>
  );
}
