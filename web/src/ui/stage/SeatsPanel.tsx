import type { Seat } from '@maydan/contracts';
import { useId, useState } from 'react';
import type { SubmitEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { account } from '../../account/useAccount.ts';
import type { StageClient } from '../../stage/StageClient.ts';
import { useAction, useSeats } from '../../stage/useSeat.ts';
import type { Action } from '../../stage/useSeat.ts';
import { problemText } from '../problemText.ts';
import { PeopleList } from './PeopleList.tsx';

interface SeatsPanelProps {
  readonly sessionId: string;
  readonly client: StageClient | null;
}

/** Who wants to come on stage, who is invited, and who is there: the host's word over each. */
export function SeatsPanel({ sessionId, client }: SeatsPanelProps) {
  const { t } = useTranslation();
  const { data, refresh } = useSeats(sessionId);
  const action = useAction();
  const seats = data ?? [];
  const of = (...states: Seat['state'][]): Seat[] => seats.filter(({ state }) => states.includes(state));
  const act = (work: () => Promise<unknown>) => void action.run(work).then(refresh);
  const requests = of('requested');
  return (
    <section className="panel-box" aria-labelledby="seats-title" data-testid="seats-panel">
      <h2 id="seats-title">{t('seat.title')}</h2>
      <p className="sr-only" role="status">
        {requests.length > 0 && t('seat.requestsWaiting', { number: requests.length })}
      </p>
      {requests.map((seat) => (
        <SeatRow key={seat.user.id} seat={seat} note={t('seat.wantsToJoin')} testId="seat-request">
          <SeatButtons sessionId={sessionId} seat={seat} action={action} act={act} />
        </SeatRow>
      ))}
      {of('invited', 'accepted').map((seat) => (
        <SeatRow
          key={seat.user.id}
          seat={seat}
          note={seat.state === 'invited' ? t('seat.isInvited') : t('seat.isComing')}
          testId="seat-expected"
        >
          <button
            type="button"
            className="button quiet small"
            disabled={action.busy}
            data-testid="seat-withdraw"
            onClick={() =>
              act(() => account.call((api) => api.stage.remove({ id: sessionId, userId: seat.user.id })))
            }
          >
            {t('seat.withdraw')}
          </button>
        </SeatRow>
      ))}
      <PeopleList sessionId={sessionId} client={client} action={action} act={act} />
      <Invite sessionId={sessionId} action={action} act={act} />
      <p className="form-problem" role="alert" data-testid="seats-problem">
        {action.problem && seatProblem()}
      </p>
    </section>
  );

  function seatProblem(): string | null {
    if (!action.problem) return null;
    switch (action.problem.code) {
      case 'not_found':
        return t('seat.noSuchUser');
      case 'conflict':
      case 'wrong_state':
        return t('seat.notNow');
      case 'overloaded':
        return t('seat.full');
      default:
        return problemText(t, action.problem);
    }
  }
}

interface RowProps {
  readonly seat: Seat;
  readonly note: string;
  readonly testId: string;
  readonly children: React.ReactNode;
}

function SeatRow({ seat, note, testId, children }: RowProps) {
  return (
    <div className="person-row" data-testid={testId} data-user={seat.user.username}>
      <span className="person-name">
        <bdi>{seat.user.displayName}</bdi>
        <span className="muted">{note}</span>
      </span>
      <span className="row">{children}</span>
    </div>
  );
}

interface ActProps {
  readonly sessionId: string;
  readonly action: Action;
  readonly act: (work: () => Promise<unknown>) => void;
}

function SeatButtons({ sessionId, seat, action, act }: ActProps & { readonly seat: Seat }) {
  const { t } = useTranslation();
  const of = { id: sessionId, userId: seat.user.id };
  return (
    <>
      <button
        type="button"
        className="button small"
        disabled={action.busy}
        data-testid="seat-admit"
        aria-label={t('seat.admitName', { name: seat.user.displayName })}
        onClick={() => act(() => account.call((api) => api.stage.admit(of)))}
      >
        {t('seat.admit')}
      </button>
      <button
        type="button"
        className="button quiet small"
        disabled={action.busy}
        data-testid="seat-reject"
        aria-label={t('seat.rejectName', { name: seat.user.displayName })}
        onClick={() => act(() => account.call((api) => api.stage.reject(of)))}
      >
        {t('seat.reject')}
      </button>
    </>
  );
}

function Invite({ sessionId, action, act }: ActProps) {
  const { t } = useTranslation();
  const id = useId();
  const [username, setUsername] = useState('');
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const user = { username: username.trim().replace(/^@/, '') };
    act(async () => {
      await account.call((api) => api.stage.invite({ id: sessionId, user }));
      setUsername('');
    });
  };
  return (
    <form className="invite" onSubmit={submit}>
      <label htmlFor={id}>{t('seat.inviteLabel')}</label>
      <span className="row">
        <input
          id={id}
          className="input"
          dir="ltr"
          required
          maxLength={31}
          autoComplete="off"
          data-testid="invite-name"
          value={username}
          onChange={(event) => setUsername(event.target.value)}
        />
        <button type="submit" className="button small" disabled={action.busy} data-testid="invite">
          {t('seat.invite')}
        </button>
      </span>
    </form>
  );
}
