import type { Cause } from '../notifications/causes.ts';

interface Words {
  readonly en: string;
  readonly ar: string;
}

/** The host is told that a moderator ended a session. */
export function endNotice(
  { id, hostId, title }: { readonly id: string; readonly hostId: string; readonly title: string },
  reason: string | null,
): Cause<'system'> {
  const named = title.slice(0, 100);
  return notice(`sessionEnded:${id}`, hostId, {
    title: { en: 'Your session was ended', ar: 'تم إنهاء بثك' },
    body: withReason(
      { en: `A moderator ended “${named}”.`, ar: `أنهى أحد المشرفين البث «${named}».` },
      reason,
    ),
  });
}

const recordingWords = {
  hidden: {
    title: { en: 'Your recording was hidden', ar: 'تم إخفاء تسجيلك' },
    body: {
      en: (named: string) => `A moderator hid the recording “${named}”; others can not watch it.`,
      ar: (named: string) => `أخفى أحد المشرفين التسجيل «${named}»، ولا يمكن للآخرين مشاهدته.`,
    },
  },
  shown: {
    title: { en: 'Your recording is shown again', ar: 'عاد تسجيلك للظهور' },
    body: {
      en: (named: string) => `A moderator shows the recording “${named}” again.`,
      ar: (named: string) => `أعاد أحد المشرفين إظهار التسجيل «${named}».`,
    },
  },
  deleted: {
    title: { en: 'Your recording was deleted', ar: 'تم حذف تسجيلك' },
    body: {
      en: (named: string) => `A moderator deleted the recording “${named}” for good.`,
      ar: (named: string) => `حذف أحد المشرفين التسجيل «${named}» نهائيًا.`,
    },
  },
} as const;
export type RecordingAct = keyof typeof recordingWords;

/** The host is told what a moderator did to a recording; of each time that it was done. */
export function recordingNotice(
  { id, hostId, title }: { readonly id: string; readonly hostId: string; readonly title: string },
  act: RecordingAct,
  at: Date,
  reason: string | null,
): Cause<'system'> {
  const named = title.slice(0, 100);
  const words = recordingWords[act];
  return notice(`recording:${id}:${act}:${at.getTime()}`, hostId, {
    title: words.title,
    body: withReason({ en: words.body.en(named), ar: words.body.ar(named) }, reason),
  });
}

/** The owner is told that a stream key works no more. */
export function keyNotice(
  { id, userId, label }: { readonly id: string; readonly userId: string; readonly label: string },
  reason: string,
): Cause<'system'> {
  const named = label.slice(0, 100);
  return notice(`streamKeyDisabled:${id}`, userId, {
    title: { en: 'Your stream key was disabled', ar: 'تم تعطيل مفتاح البث' },
    body: withReason(
      {
        en: `A moderator disabled the stream key “${named}”; it can not be used any more.`,
        ar: `عطّل أحد المشرفين مفتاح البث «${named}»، ولم يعد صالحًا للاستخدام.`,
      },
      reason,
    ),
  });
}

/** Somebody is told that an admin has turned their second factor off. */
export function secondFactorNotice(userId: string, at: Date, reason: string): Cause<'system'> {
  return notice(`secondFactorRemoved:${userId}:${at.getTime()}`, userId, {
    title: { en: 'Your second factor was turned off', ar: 'تم إيقاف العامل الثاني' },
    body: withReason(
      {
        en: 'An admin turned it off, so that you can sign in. If you did not ask for this, change your password.',
        ar: 'أوقفه أحد مسؤولي المنصة لتتمكن من تسجيل الدخول. إن لم تطلب ذلك فغيّر كلمة المرور.',
      },
      reason,
    ),
  });
}

/** The reporter is told that a moderator has decided. */
export function reportNotice({
  id,
  reporterId,
  state,
}: {
  readonly id: string;
  readonly reporterId: string;
  readonly state: 'resolved' | 'dismissed';
}): Cause<'system'> {
  const title = { en: 'Your report was reviewed', ar: 'تمت مراجعة بلاغك' };
  const body =
    state === 'resolved'
      ? {
          en: 'Thank you: a moderator looked at it and took action.',
          ar: 'شكرًا لك: راجع أحد المشرفين البلاغ واتخذ إجراءً.',
        }
      : {
          en: 'A moderator looked at it and found nothing against our rules.',
          ar: 'راجع أحد المشرفين البلاغ ولم يجد ما يخالف قواعدنا.',
        };
  return notice(`reportDecided:${id}`, reporterId, { title, body });
}

function notice(what: string, userId: string, data: Cause<'system'>['data']): Cause<'system'> {
  const key = `system:${what}`;
  return { key, type: 'system', userId, actorId: null, groupKey: key, data };
}

function withReason({ en, ar }: Words, reason: string | null): Words {
  return reason === null || reason === ''
    ? { en, ar }
    : { en: `${en} Reason: ${reason}`, ar: `${ar} السبب: ${reason}` };
}
