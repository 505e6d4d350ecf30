import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { LeaveIcon } from '../ui/icons.tsx';

/** Ends the session for everybody, so it asks once more. */
export function EndButton({ busy, onEnd }: { readonly busy: boolean; readonly onEnd: () => void }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  if (!asking) {
    return (
      <button
        type="button"
        className="button danger"
        disabled={busy}
        data-testid="end-session"
        onClick={() => setAsking(true)}
      >
        <LeaveIcon />
        <span>{t('studio.end')}</span>
      </button>
    );
  }
  return (
    <span className="row" role="group" aria-label={t('studio.endQuestion')}>
      <span>{t('studio.endQuestion')}</span>
      {/* The question takes the place of the button, so the focus goes on with it. */}
      <button
        type="button"
        className="button danger"
        autoFocus
        disabled={busy}
        data-testid="end-confirm"
        onClick={() => {
          setAsking(false);
          onEnd();
        }}
      >
        {t('studio.endYes')}
      </button>
      <button
        type="button"
        className="button quiet"
        data-testid="end-cancel"
        onClick={() => setAsking(false)}
      >
        {t('studio.endNo')}
      </button>
    </span>
  );
}
