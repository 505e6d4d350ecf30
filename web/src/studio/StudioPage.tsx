import type { Me } from '@maydan/contracts';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { account, useAccount } from '../account/useAccount.ts';
import { SignInForm } from '../account/SignInForm.tsx';
import { useTitle } from '../app/useTitle.ts';
import { useLocalMedia } from '../stage/useStageClient.ts';
import { Notice } from '../ui/Notice.tsx';
import { StudioSession } from './StudioSession.tsx';
import { StudioSetup } from './StudioSetup.tsx';

/** `/studio`: where a host goes live from the browser; `?session=` is the one that is being hosted. */
export function StudioPage() {
  const { t } = useTranslation();
  useTitle(t('studio.title'));
  const view = useAccount();
  return (
    <div className="page studio" data-testid="studio">
      <div className="studio-head">
        <h1>{t('studio.title')}</h1>
        {view.status === 'signedIn' && (
          <span className="row">
            <bdi className="muted">{view.user.displayName}</bdi>
            <button
              type="button"
              className="button quiet small"
              data-testid="sign-out"
              onClick={() => void account.signOut()}
            >
              {t('account.signOut')}
            </button>
          </span>
        )}
      </div>
      {view.status === 'unknown' && <Notice title={t('stage.loading')} busy />}
      {view.status === 'signedOut' && <SignInForm reason={t('studio.signInFirst')} />}
      {view.status === 'signedIn' && <Studio user={view.user} />}
    </div>
  );
}

function Studio({ user }: { readonly user: Me }) {
  const [query, setQuery] = useSearchParams();
  const local = useLocalMedia(true);
  // After a reload the host goes on stage again by a click: the devices want one.
  const [onAir, setOnAir] = useState(false);
  const sessionId = query.get('session');
  const open = (id: string | null): void => {
    const next = new URLSearchParams(query);
    if (id === null) next.delete('session');
    else next.set('session', id);
    setQuery(next);
  };
  if (!local) return null;
  if (sessionId === null) {
    return (
      <StudioSetup
        user={user}
        local={local}
        onReady={(id, fromBrowser) => {
          setOnAir(fromBrowser);
          open(id);
        }}
      />
    );
  }
  return (
    <StudioSession
      key={sessionId}
      sessionId={sessionId}
      user={user}
      local={local}
      onAir={onAir}
      onGoOnAir={() => setOnAir(true)}
      onOut={() => setOnAir(false)}
      onDone={() => {
        setOnAir(false);
        open(null);
      }}
    />
  );
}
