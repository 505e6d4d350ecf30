import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import ar from './ar.json' with { type: 'json' };
import en from './en.json' with { type: 'json' };
import { chooseLanguage, directionOf } from './languages.ts';
import type { Language } from './languages.ts';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'page';
    resources: { page: typeof en };
  }
}

const storageKey = 'maydan.language';

function storedLanguage(): string | null {
  try {
    return localStorage.getItem(storageKey);
  } catch {
    return null;
  }
}

/** Everything that depends on the language outside React: direction, `lang`, for screen readers and CSS alike. */
function applyToDocument(language: Language): void {
  document.documentElement.lang = language;
  document.documentElement.dir = directionOf(language);
}

export async function startI18n(): Promise<void> {
  const language = chooseLanguage(storedLanguage(), navigator.languages);
  applyToDocument(language);
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: 'en',
    ns: ['page'],
    defaultNS: 'page',
    resources: { en: { page: en }, ar: { page: ar } },
    // React escapes by itself.
    interpolation: { escapeValue: false },
  });
}

/** Changes the language now and for the next visits. */
export async function setLanguage(language: Language): Promise<void> {
  applyToDocument(language);
  try {
    localStorage.setItem(storageKey, language);
  } catch {
    // The choice holds for this visit.
  }
  await i18next.changeLanguage(language);
}
