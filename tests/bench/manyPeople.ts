import { namesOf, type Database } from '@maydan/prisma';
import { foldText } from '@maydan/contracts';

const arabicFirst =
  'محمد أحمد علي فاطمة مريم عبدالله عبدالرحمن خالد سارة نورة يوسف إبراهيم عمر حسن حسين زينب عائشة خديجة مصطفى ليلى سعيد ماجد ' +
  'هدى ريم آمنة رؤى لؤي مؤمن هيثم وائل بسام رنا دانة جواهر سلطان فيصل تركي بدر مشعل نواف';
const arabicLast =
  'العتيبي القحطاني الغامدي الزهراني الشمري الدوسري الحربي المطيري العنزي السبيعي المالكي الشهري الأحمد المصري السوري الحلبي ' +
  'البغدادي العلي الحسن الخطيب النجار الحداد الصباغ القاضي الإمام الفارس الهاشمي التميمي الأنصاري الكندي الرشيد العمري';
const latinFirst =
  'James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Mohamed Ahmed Omar Layla Yusuf Sara Ali ' +
  'Hassan José Jürgen Zoë Renée Søren Łukasz Anna Maria Fatima Khalid Nora Peter Paul Laura Emma Noah Liam Olivia Ava Sophia';
const latinLast =
  'Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Müller Schmidt Fischer Weber Hassan Khan Ahmed Saleh ' +
  'Nasser Haddad Khoury Mansour Darwish Farouk Novak Kowalski Nielsen Hansen Dubois Moreau Rossi Ferrari Silva Santos Costa Alves';
const lists = {
  arabic: [arabicFirst.split(' '), arabicLast.split(' ')],
  latin: [latinFirst.split(' '), latinLast.split(' ')],
} as const;

/** Numbers from 0 to 1 that are the same in each run. */
export function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export interface Person {
  readonly username: string;
  readonly displayName: string;
}

/** People with names as they are: some names are many people's, half of them Arabic. */
export function people(count: number, next: () => number): Person[] {
  // Squared, so that the first of a list are common.
  const pick = (list: readonly string[]): string => list[Math.floor(next() ** 2 * list.length)] ?? '';
  return Array.from({ length: count }, (_, index) => {
    const [first, last] = lists[next() < 0.5 ? 'arabic' : 'latin'];
    const displayName = `${pick(first)} ${pick(last)}`;
    const [given, family] = [pick(lists.latin[0]), pick(lists.latin[1])].map((name) =>
      foldText(name).slice(0, 9),
    );
    return { username: `${given ?? ''}_${family ?? ''}${index}`, displayName };
  });
}

/** Stores them; they can't sign in. */
export async function storePeople(database: Database, all: readonly Person[]): Promise<void> {
  for (let from = 0; from < all.length; from += 5_000) {
    const data = all.slice(from, from + 5_000).map(({ username, displayName }) => ({
      ...namesOf(username, displayName),
      email: `${username}@example.org`,
      passwordHash: '-',
    }));
    await database.user.createMany({ data });
  }
  await database.$executeRaw`VACUUM ANALYZE "User"`;
}
