import type { StatusCreate } from '@maydan/contracts';

/** Somebody whom `npm run demo` brings along. */
export interface DemoPerson {
  readonly username: string;
  readonly displayName: string;
  readonly bio: string;
  readonly language: 'ar' | 'en';
  readonly status: Pick<StatusCreate, 'text' | 'style'>;
}

/** One line of a conversation: who says it, and which line before (from 0) it answers. */
export interface DemoLine {
  readonly by: string;
  readonly text: string;
  readonly answers?: number;
}

const sunset = { background: '#7a2e1d', colour: '#fff4e0', font: 'serif', align: 'center' } as const;
const sea = { background: '#0d3b52', colour: '#e6f6ff', font: 'sans', align: 'start' } as const;

/** The first one owns the group. */
export const cast: readonly DemoPerson[] = [
  {
    username: 'demo_layla',
    displayName: 'ليلى الحسن',
    bio: 'مصوّرة من عمّان. أبثّ جولات المدينة كل خميس.',
    language: 'ar',
    status: { text: 'جولة الليلة في وسط البلد، لا تفوّتوها!', style: sunset },
  },
  {
    username: 'demo_omar',
    displayName: 'عمر خليل',
    bio: 'أطبخ على الهواء، وأحرق القليل منه.',
    language: 'ar',
    status: { text: 'سؤال اليوم: مقلوبة أم منسف؟', style: sea },
  },
  {
    username: 'demo_sara',
    displayName: 'Sara Lind',
    bio: 'Plays the cello, streams the practice, keeps the wrong notes in.',
    language: 'en',
    status: { text: 'Bach at eight. Wrong notes included.', style: sea },
  },
  {
    username: 'demo_james',
    displayName: 'James Okoro',
    bio: 'Chess, football and long walks with a camera.',
    language: 'en',
    status: { text: 'Who is up for a game of chess on stream tonight?', style: sunset },
  },
];

export const group = {
  name: 'نادي البثّ · Streaming club',
  description: 'نجرّب الكاميرات والميكروفونات معًا. We try cameras and microphones together.',
} as const;

export const groupLines: readonly DemoLine[] = [
  { by: 'demo_layla', text: 'أهلًا بالجميع! من يبثّ هذا الأسبوع؟' },
  { by: 'demo_sara', text: 'Hi all! I play on Friday at eight.' },
  { by: 'demo_omar', text: 'أنا غدًا، وصفة جديدة.', answers: 0 },
  { by: 'demo_james', text: 'Can I join you on stage, Sara?', answers: 1 },
  { by: 'demo_sara', text: 'Gladly. Bring headphones, please.', answers: 3 },
  { by: 'demo_layla', text: 'رائع 👏 سأكون هناك.' },
];

/** Between the owner of the group and the second one of the cast. */
export const directLines: readonly DemoLine[] = [
  { by: 'demo_omar', text: 'كيف كانت جولة الخميس؟' },
  { by: 'demo_layla', text: 'ممتازة، والتسجيل في القناة.', answers: 0 },
];
