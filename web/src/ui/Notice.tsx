import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

interface NoticeProps {
  readonly title: string;
  readonly hint?: string | undefined;
  readonly busy?: boolean;
  readonly homeLink?: boolean;
  readonly onRetry?: (() => void) | undefined;
  readonly testId?: string;
  readonly children?: ReactNode;
}

/** A calm message in place of content, with what the viewer can do about it. */
export function Notice(props: NoticeProps) {
  const { t } = useTranslation();
  return (
    <div className="notice" role="status" data-testid={props.testId}>
      {props.busy && <span className="spinner" aria-hidden="true" />}
      <p className="notice-title">{props.title}</p>
      {props.hint && <p className="notice-hint">{props.hint}</p>}
      {props.onRetry && (
        <button type="button" className="button" data-testid="retry" onClick={props.onRetry}>
          {t('stage.retry')}
        </button>
      )}
      {props.homeLink && (
        <Link className="button" to="/">
          {t('stage.backHome')}
        </Link>
      )}
      {props.children}
    </div>
  );
}
