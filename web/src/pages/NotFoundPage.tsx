import { useTranslation } from 'react-i18next';
import { useTitle } from '../app/useTitle.ts';
import { Notice } from '../ui/Notice.tsx';

export function NotFoundPage() {
  const { t } = useTranslation();
  useTitle(t('notFound.title'));
  return (
    <div className="page">
      <Notice title={t('notFound.title')} homeLink testId="page-not-found" />
    </div>
  );
}
