import { useTranslation } from 'react-i18next';
import { barsOf } from '../../stage/meters.ts';

const names = ['poor', 'weak', 'good', 'excellent'] as const;

/** How well somebody's media reaches the sfu. */
export function NetworkBars({ score }: { readonly score: number | null }) {
  const { t } = useTranslation();
  if (score === null) return null;
  const bars = barsOf(score);
  const label = t('room.network', { quality: t(`room.${names[bars - 1] ?? 'poor'}`) });
  return (
    <span className="bars" role="img" aria-label={label} title={label} data-bars={bars} data-testid="network">
      {[1, 2, 3, 4].map((bar) => (
        <span key={bar} className={bar <= bars ? 'bar on' : 'bar'} />
      ))}
    </span>
  );
}
