import type { Me, Session } from '@maydan/contracts';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { account, useAccount } from '../../account/useAccount.ts';
import { SignInForm } from '../../account/SignInForm.tsx';
import type { LocalMedia } from '../../stage/LocalMedia.ts';
import { useAction, useMySeat } from '../../stage/useSeat.ts';
import { StartDevices, startDevices } from '../../studio/StartDevices.tsx';
import { problemText } from '../problemText.ts';
import { DevicePicker } from './DevicePicker.tsx';

interface SeatBarProps {
  readonly session: Session;
  readonly local: LocalMedia | null;
  /** Devices are wanted: somebody is about to go on stage. */
  readonly onPrepare: () => void;
  readonly onGoOnStage: () => void;
}

/** A viewer's way to the stage: ask or be invited, be let in, and go. The host has the studio instead. */
export function SeatBar(props: SeatBarProps) {
  const { t } = useTranslation();
  const view = useAccount();
  const [signingIn, setSigningIn] = useState(false);
  if (view.status === 'unknown') return null;
  if (view.status === 'signedIn') {
    if (view.user.id !== props.session.host.id) return <MySeat {...props} user={view.user} />;
    return (
      <Link className="button quiet" to={`/studio?session=${props.session.id}`} data-testid="to-studio">
        {t('seat.toStudio')}
      </Link>
    );
  }
  if (signingIn) return <SignInForm reason={t('seat.signInFirst')} />;
  return (
    <button type="button" className="button quiet" data-testid="ask-stage" onClick={() => setSigningIn(true)}>
      {t('seat.ask')}
    </button>
  );
}

function MySeat({ session, user, local, onPrepare, onGoOnStage }: SeatBarProps & { readonly user: Me }) {
  const { t } = useTranslation();
  const { data: mine, refresh } = useMySeat(session.id, user.id);
  const action = useAction();
  const id = session.id;
  const act = (work: Parameters<typeof account.call>[0]) => () =>
    void action.run(() => account.call(work)).then(refresh);
  const state = mine?.state ?? null;
  const button = (testId: string, label: string, onClick: () => void, quiet = false) => (
    <button
      type="button"
      className={quiet ? 'button quiet' : 'button'}
      disabled={action.busy}
      data-testid={testId}
      onClick={onClick}
    >
      {label}
    </button>
  );
  const leave = button(
    'seat-leave',
    t('seat.takeBack'),
    act((api) => api.stage.leave({ id })),
    true,
  );
  return (
    <div className="seat-bar" data-testid="seat-bar" data-seat={state ?? 'none'}>
      <p role="status" className={text() ? 'seat-text' : 'sr-only'} data-testid="seat-text">
        {text()}
      </p>
      <span className="row">{buttons()}</span>
      {local && (state === 'accepted' || state === 'onStage') && (
        <div className="panel-box">
          <StartDevices local={local} type={session.type} />
          <DevicePicker local={local} type={session.type} />
          {button('go-on-stage', t('seat.goOnStage'), () => void goOnStage(local))}
        </div>
      )}
      <p className="form-problem" role="alert">
        {action.problem && problemOfSeat()}
      </p>
    </div>
  );

  async function goOnStage(devices: LocalMedia): Promise<void> {
    await startDevices(devices, session.type);
    onGoOnStage();
  }

  function problemOfSeat(): string {
    switch (action.problem?.code) {
      case 'forbidden':
      case 'account_banned':
        return t('seat.forbidden');
      case 'overloaded':
        return t('seat.full');
      case undefined:
        return '';
      default:
        return action.problem ? problemText(t, action.problem) : '';
    }
  }

  function text(): string {
    switch (state) {
      case 'requested':
        return t('seat.waiting');
      case 'invited':
        return t('seat.youAreInvited', { name: session.host.displayName });
      case 'accepted':
        return t('seat.youMayCome');
      case 'onStage':
        return t('seat.elsewhere');
      case 'declined':
        return t('seat.declined');
      case 'removed':
        return t('seat.removed');
      case 'left':
      case null:
        return '';
    }
  }

  function buttons() {
    switch (state) {
      case 'requested':
        return leave;
      case 'invited':
        return (
          <>
            {button(
              'accept-invitation',
              t('seat.accept'),
              act((api) => api.stage.accept({ id })),
            )}
            {button(
              'decline-invitation',
              t('seat.decline'),
              act((api) => api.stage.decline({ id })),
              true,
            )}
          </>
        );
      case 'accepted':
      case 'onStage':
        return (
          <>
            {!local && button('prepare-stage', t('seat.prepare'), onPrepare)}
            {leave}
          </>
        );
      case 'declined':
      case 'removed':
      case 'left':
      case null:
        return button(
          'ask-stage',
          t('seat.ask'),
          act((api) => api.stage.request({ id })),
          true,
        );
    }
  }
}
