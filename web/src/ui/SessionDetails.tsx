import type { Session } from '@maydan/contracts';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useNow } from '../app/useNow.ts';
import { formatAgo, formatClock, formatDate } from '../i18n/format.ts';
import { initialOf } from './initialOf.ts';
import { StateBadge } from './StateBadge.tsx';

function When({ session }: { readonly session: Session }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const { startedAt, durationMs, playback } = session;
  if (startedAt === null) return null;
  const over = session.state === 'ended' || session.state === 'failed';
  return (
    <>
      <time dateTime={startedAt}>
        {over
          ? t(playback.playable ? 'session.recordedOn' : 'session.broadcastOn', {
              date: formatDate(i18n.language, startedAt),
            })
          : t('session.startedAgo', { when: formatAgo(i18n.language, startedAt, now) })}
      </time>
      {durationMs !== null && (
        <span>{t('session.duration', { time: formatClock(i18n.language, durationMs / 1000) })}</span>
      )}
    </>
  );
}

/** Title, host, state and description, under the player. */
export function SessionDetails({ session }: { readonly session: Session }) {
  const { t } = useTranslation();
  const { host } = session;
  // Without a recording the reason stands where the picture would be.
  const told = session.state === 'failed' && session.playback.playable;
  const reason = told && session.endReason ? t(`endReason.${session.endReason}`) : null;
  return (
    <div className="details">
      <h1>
        <bdi data-testid="title">{session.title}</bdi>
      </h1>
      <div className="meta">
        <StateBadge state={session.state} />
        <When session={session} />
      </div>
      {reason && <p className="reason">{reason}</p>}
      <Link className="host" to={`/@${host.username}`}>
        <span className="avatar" aria-hidden="true">
          {initialOf(host.displayName)}
        </span>
        <span>
          <bdi className="host-name">{host.displayName}</bdi>
          <bdi className="host-handle" dir="ltr">
            @{host.username}
          </bdi>
        </span>
      </Link>
      {session.description && <p className="description">{session.description}</p>}
      {session.tags.length > 0 && (
        <ul className="tags" aria-label={t('session.tags')}>
          {session.tags.map((tag) => (
            <li key={tag}>
              <bdi>{tag}</bdi>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
