import type { Session } from '@maydan/contracts';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useNow } from '../app/useNow.ts';
import { formatAgo, formatClock } from '../i18n/format.ts';
import { PlayIcon, SoundIcon } from './icons.tsx';
import { StateBadge } from './StateBadge.tsx';

/** A session in a list: picture, title, host, and when. */
export function SessionCard({ session }: { readonly session: Session }) {
  const { i18n } = useTranslation();
  const now = useNow();
  const { playback, durationMs } = session;
  const when = session.startedAt ?? session.createdAt;
  return (
    <li className="card" data-testid="session-card">
      <Link to={`/watch/${session.id}`} className="card-link">
        <span className="thumb">
          {playback.posterUrl ? (
            <img src={playback.posterUrl} alt="" loading="lazy" />
          ) : (
            <span className="thumb-icon">{session.type === 'audio' ? <SoundIcon /> : <PlayIcon />}</span>
          )}
          <span className="thumb-state">
            <StateBadge state={session.state} />
          </span>
          {durationMs !== null && (
            <bdi className="thumb-time">{formatClock(i18n.language, durationMs / 1000)}</bdi>
          )}
        </span>
        <span className="card-title">
          <bdi>{session.title}</bdi>
        </span>
      </Link>
      <span className="card-meta">
        <Link to={`/@${session.host.username}`}>
          <bdi>{session.host.displayName}</bdi>
        </Link>
        <span>{formatAgo(i18n.language, when, now)}</span>
      </span>
    </li>
  );
}
