import type { Notification } from '@maydan/contracts';
import type { Language } from '@maydan/prisma';

export interface PushText {
  readonly title: string;
  readonly body: string;
}

const plurals = { en: new Intl.PluralRules('en'), ar: new Intl.PluralRules('ar') };
/** Names stand in texts of any direction: FSI and PDI keep theirs to themselves (UAX #9). */
const isolated = (name: string): string => `\u2068${name}\u2069`;

/** What a device shows. */
export function pushText(language: Language, told: Notification): PushText {
  return language === 'ar' ? arabic(told) : english(told);
}

function english(told: Notification): PushText {
  const people = peopleOf('en', told);
  switch (told.type) {
    case 'follow':
      return { title: told.count === 1 ? 'New follower' : 'New followers', body: people };
    case 'gift':
      return told.count === 1
        ? { title: 'A gift for you', body: `${people}: ${told.data.quantity} × ${told.data.gift}` }
        : { title: 'Gifts for you', body: people };
    case 'comment':
      return { title: `New comments on “${told.data.title}”`, body: people };
    case 'message':
      return { title: people, body: messages.en(told.count) };
    case 'stream':
      return { title: `${people} is live`, body: told.data.title };
    case 'invitation':
      return { title: `${people} invites you`, body: told.data.title };
    case 'reminder':
      return { title: told.data.moment === 'live' ? 'Live now' : 'Beginning soon', body: told.data.title };
    case 'system':
      return { title: told.data.title.en, body: told.data.body.en };
  }
}

function arabic(told: Notification): PushText {
  const people = peopleOf('ar', told);
  switch (told.type) {
    case 'follow':
      return { title: told.count === 1 ? 'متابعة جديدة' : 'متابعات جديدة', body: people };
    case 'gift':
      return told.count === 1
        ? { title: 'هدية لك', body: `${people}: ${told.data.quantity} × ${isolated(told.data.gift)}` }
        : { title: 'هدايا لك', body: people };
    case 'comment':
      return { title: `تعليقات جديدة على «${isolated(told.data.title)}»`, body: people };
    case 'message':
      return { title: people, body: messages.ar(told.count) };
    case 'stream':
      return { title: `${people} في بث مباشر`, body: told.data.title };
    case 'invitation':
      return { title: `دعوة من ${people}`, body: told.data.title };
    case 'reminder':
      return {
        title: told.data.moment === 'live' ? 'بدأ البث الآن' : 'يبدأ البث قريبًا',
        body: told.data.title,
      };
    case 'system':
      return { title: told.data.title.ar, body: told.data.body.ar };
  }
}

/** `Ali`, or `Ali and 12 others`. */
function peopleOf(language: Language, { actors, actorCount }: Notification): string {
  const [first] = actors;
  const name = first === undefined ? somebody[language] : isolated(first.displayName);
  return actorCount <= 1 ? name : name + others[language](actorCount - 1);
}

const somebody = { en: 'Somebody', ar: 'شخص ما' };

const others = {
  en: (count: number): string => ` and ${count} ${plurals.en.select(count) === 'one' ? 'other' : 'others'}`,
  ar: (count: number): string => {
    switch (plurals.ar.select(count)) {
      case 'one':
        return ' وشخص آخر';
      case 'two':
        return ' وشخصان آخران';
      case 'few':
        return ` و${count} أشخاص آخرين`;
      case 'many':
        return ` و${count} شخصًا آخر`;
      case 'zero':
      case 'other':
        return ` و${count} شخص آخر`;
    }
  },
};

const messages = {
  en: (count: number): string =>
    plurals.en.select(count) === 'one' ? `${count} new message` : `${count} new messages`,
  ar: (count: number): string => {
    switch (plurals.ar.select(count)) {
      case 'one':
        return 'رسالة جديدة';
      case 'two':
        return 'رسالتان جديدتان';
      case 'few':
        return `${count} رسائل جديدة`;
      case 'zero':
      case 'many':
      case 'other':
        return `${count} رسالة جديدة`;
    }
  },
};
