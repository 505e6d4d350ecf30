import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'react-router';
import { useAccount } from '../../account/useAccount.ts';
import { followInvitations } from '../../api/sessionSocket.ts';
import type { Invitation } from '../../api/sessionSocket.ts';

/** An invitation to a stage, wherever in the app the person is; the session's own page shows it by itself. */
export function InvitationBanner() {
  const { t } = useTranslation();
  const view = useAccount();
  const { pathname } = useLocation();
  const [invitation, setInvitation] = useState<Invitation | null>(null);
  const signedIn = view.status === 'signedIn';
  useEffect(() => {
    if (!signedIn) return setInvitation(null);
    return followInvitations(setInvitation);
  }, [signedIn]);
  const path = invitation ? `/watch/${invitation.seat.sessionId}` : '';
  if (!signedIn) return null;
  return (
    <div role="status">
      {invitation && pathname !== path && (
        <div className="banner" data-testid="invitation">
          <span>
            {t('seat.invitation', { name: invitation.host.displayName })} <bdi>{invitation.title}</bdi>
          </span>
          <span className="row">
            <Link
              className="button"
              to={path}
              data-testid="invitation-open"
              onClick={() => setInvitation(null)}
            >
              {t('seat.look')}
            </Link>
            <button
              type="button"
              className="button quiet"
              data-testid="invitation-dismiss"
              onClick={() => setInvitation(null)}
            >
              {t('seat.dismiss')}
            </button>
          </span>
        </div>
      )}
    </div>
  );
}
