import { channel as channelSchema } from '@maydan/contracts';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useParams } from 'react-router';
import { account } from '../account/useAccount.ts';
import { usePolled } from '../api/usePolled.ts';
import { useTitle } from '../app/useTitle.ts';
import { Notice } from '../ui/Notice.tsx';
import { problemText } from '../ui/problemText.ts';
import { WatchView } from '../ui/WatchView.tsx';
import { NotFoundPage } from './NotFoundPage.tsx';

function Channel({ username }: { readonly username: string }) {
  const { t } = useTranslation();
  const load = async () => channelSchema.parse(await account.read((api) => api.channels.get({ username })));
  const { data, problem, refresh } = usePolled(`channel:${username}`, load, 5_000);
  const [watching, setWatching] = useState<string | null>(null);
  const name = data?.user.displayName ?? username;
  useTitle(t('channel.pageTitle', { name }));

  const liveId = data?.live?.id ?? null;
  // What plays stays when a newer session begins: a viewer isn't torn out of a recording.
  const shown = watching ?? liveId ?? data?.latestRecording?.id ?? null;
  if (watching === null && shown !== null) setWatching(shown);

  const known = [data?.live, data?.latestRecording].find((session) => session?.id === shown) ?? null;

  if (data === null) {
    if (problem === null) return <Notice title={t('stage.loading')} busy />;
    if (problem.code === 'not_found') return <NotFoundPage />;
    return <Notice title={problemText(t, problem)} onRetry={refresh} />;
  }
  return (
    <>
      {liveId !== null && shown !== null && liveId !== shown && (
        <div className="banner" role="status" data-testid="live-banner">
          <span>{t('channel.liveNow', { name })}</span>
          <button type="button" className="button" onClick={() => setWatching(liveId)}>
            {t('channel.watchLive')}
          </button>
        </div>
      )}
      {shown === null ? (
        <div className="page">
          <h1>
            <bdi>{name}</bdi>
          </h1>
          <Notice title={t('channel.empty')} hint={t('channel.emptyHint')} testId="channel-empty" />
        </div>
      ) : (
        <WatchView key={shown} sessionId={shown} known={known} />
      )}
    </>
  );
}

/** `/@name`: the live session of a user, or the latest recording. */
export function ChannelPage() {
  const { handle = '' } = useParams();
  if (!handle.startsWith('@')) return <NotFoundPage />;
  return <Channel key={handle} username={handle.slice(1)} />;
}
