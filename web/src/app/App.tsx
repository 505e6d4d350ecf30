import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { BrowserRouter, Link, Outlet, Route, Routes } from 'react-router';
import { setLanguage } from '../i18n/i18n.ts';
import { ChannelPage } from '../pages/ChannelPage.tsx';
import { HomePage } from '../pages/HomePage.tsx';
import { NotFoundPage } from '../pages/NotFoundPage.tsx';
import { WatchPage } from '../pages/WatchPage.tsx';
import { Notice } from '../ui/Notice.tsx';
import { InvitationBanner } from '../ui/stage/InvitationBanner.tsx';

/** A chunk of its own: viewers, who are nearly everybody, never load it. */
const StudioPage = lazy(async () => ({ default: (await import('../studio/StudioPage.tsx')).StudioPage }));

function LanguageSwitch() {
  const { t, i18n } = useTranslation();
  const other = i18n.language === 'ar' ? 'en' : 'ar';
  return (
    <button
      type="button"
      className="button quiet"
      // Named in its own language, for those who can't read this one.
      lang={other}
      data-testid="language"
      onClick={() => void setLanguage(other)}
    >
      {t('app.language')}
    </button>
  );
}

function Shell() {
  const { t } = useTranslation();
  return (
    <>
      <a className="skip" href="#content">
        {t('app.skip')}
      </a>
      <header className="header">
        <Link to="/" className="brand" aria-label={t('app.home')}>
          <img src="/icon.svg" alt="" width="28" height="28" />
          <span>{t('app.name')}</span>
        </Link>
        <nav className="row" aria-label={t('app.menu')}>
          <Link to="/studio" className="header-link" data-testid="to-studio-page">
            {t('studio.title')}
          </Link>
          <LanguageSwitch />
        </nav>
      </header>
      <InvitationBanner />
      <main id="content" tabIndex={-1}>
        <Outlet />
      </main>
    </>
  );
}

function Loading() {
  const { t } = useTranslation();
  return <Notice title={t('stage.loading')} busy />;
}

export function App() {
  return (
    <BrowserRouter>
      <Routes>
        <Route element={<Shell />}>
          <Route index element={<HomePage />} />
          <Route path="watch/:sessionId" element={<WatchPage />} />
          <Route
            path="studio"
            element={
              <Suspense fallback={<Loading />}>
                <StudioPage />
              </Suspense>
            }
          />
          {/* A segment is matched as a whole, so the page itself tells `@name` from anything else. */}
          <Route path=":handle" element={<ChannelPage />} />
          <Route path="*" element={<NotFoundPage />} />
        </Route>
      </Routes>
    </BrowserRouter>
  );
}
