import { sessionList } from '@maydan/contracts';
import type { Session } from '@maydan/contracts';
import { useTranslation } from 'react-i18next';
import { account } from '../account/useAccount.ts';
import { usePolled } from '../api/usePolled.ts';
import type { Polled } from '../api/usePolled.ts';
import { useTitle } from '../app/useTitle.ts';
import { Notice } from '../ui/Notice.tsx';
import { problemText } from '../ui/problemText.ts';
import { SessionCard } from '../ui/SessionCard.tsx';

const load = (state: 'live' | 'ended') => async (): Promise<readonly Session[]> =>
  sessionList.parse(await account.read((api) => api.sessions.list({ state, sort: 'recent', limit: 24 })))
    .items;
const loadLive = load('live');
const loadEnded = load('ended');

interface ListProps {
  readonly id: string;
  readonly title: string;
  readonly empty: string;
  readonly list: Polled<readonly Session[]>;
}

function SessionSection({ id, title, empty, list }: ListProps) {
  const { t } = useTranslation();
  return (
    <section aria-labelledby={id} className="section">
      <h2 id={id}>{title}</h2>
      {list.data === null && list.problem === null && <Notice title={t('stage.loading')} busy />}
      {list.data === null && list.problem !== null && (
        <Notice title={problemText(t, list.problem)} onRetry={list.refresh} />
      )}
      {list.data?.length === 0 && <p className="empty">{empty}</p>}
      {list.data && list.data.length > 0 && (
        <ul className="grid" data-testid={id}>
          {list.data.map((session) => (
            <SessionCard key={session.id} session={session} />
          ))}
        </ul>
      )}
    </section>
  );
}

/** Who is live now, and what was recorded last. */
export function HomePage() {
  const { t } = useTranslation();
  useTitle(null);
  const live = usePolled('live', loadLive, 8_000);
  const recordings = usePolled('recordings', loadEnded, 30_000);
  return (
    <div className="page">
      <h1 className="hero">
        {t('app.name')} <span>{t('app.tagline')}</span>
      </h1>
      <SessionSection id="live-list" title={t('home.live')} empty={t('home.nobodyLive')} list={live} />
      <SessionSection
        id="recording-list"
        title={t('home.recordings')}
        empty={t('home.noRecordings')}
        list={recordings}
      />
    </div>
  );
}
