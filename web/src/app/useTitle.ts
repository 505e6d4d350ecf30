import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';

/** Title of the browser's tab; null leaves the product's name alone there. */
export function useTitle(title: string | null): void {
  const { t } = useTranslation();
  const name = t('app.name');
  useEffect(() => {
    document.title = title ? `${title} · ${name}` : name;
  }, [title, name]);
}
