import { createHash } from 'node:crypto';
import { giftAssetPath, type GiftAssetKind } from '@maydan/contracts';
import type { DatabaseTransaction } from './createPrisma.ts';
import { circle, lottieOf, star, svgOf, type Motion, type Shape } from './giftArt.ts';
import { newId } from './newId.ts';

interface SeededGift {
  readonly name: { readonly en: string; readonly ar: string };
  readonly price: number;
  readonly motion: Motion;
  readonly shapes: readonly Shape[];
}

const gold = '#f2b705';
const darkGold = '#b97f00';

/** The catalogue that an installation begins with; the drawings are our own. */
const seededGifts: readonly SeededGift[] = [
  {
    name: { en: 'Heart', ar: 'قلب' },
    price: 5,
    motion: 'beat',
    shapes: [
      {
        points: [
          ...([
            [0, -30],
            [22, -52],
            [52, -50],
            [64, -20],
            [48, 14],
            [0, 62],
          ] as const),
          ...([
            [-48, 14],
            [-64, -20],
            [-52, -50],
            [-22, -52],
          ] as const),
        ],
        round: true,
        colour: '#e0245e',
      },
    ],
  },
  {
    name: { en: 'Star', ar: 'نجمة' },
    price: 20,
    motion: 'turn',
    shapes: [
      { points: star(72, 30), colour: darkGold },
      { points: star(62, 26), colour: gold },
    ],
  },
  {
    name: { en: 'Moon', ar: 'هلال' },
    price: 50,
    motion: 'rise',
    shapes: [
      {
        points: [
          ...([
            [10, -64],
            [-30, -52],
            [-60, -10],
            [-48, 40],
            [-6, 64],
            [40, 50],
          ] as const),
          ...([
            [4, 42],
            [-20, 10],
            [-18, -32],
          ] as const),
        ],
        round: true,
        colour: '#f7e7a1',
      },
      { points: star(14, 6).map(([x, y]) => [x + 36, y - 20]), colour: '#f7e7a1' },
    ],
  },
  {
    name: { en: 'Lantern', ar: 'فانوس' },
    price: 200,
    motion: 'swing',
    shapes: [
      { points: circle([0, -68], 10), round: true, colour: darkGold },
      {
        points: [
          [0, -64],
          [40, -34],
          [-40, -34],
        ],
        colour: darkGold,
      },
      {
        points: [
          [-34, -34],
          [34, -34],
          [46, 10],
          [30, 52],
          [-30, 52],
          [-46, 10],
        ],
        colour: '#1d6f8a',
      },
      {
        points: [
          [-14, -26],
          [14, -26],
          [20, 10],
          [12, 44],
          [-12, 44],
          [-20, 10],
        ],
        colour: '#ffd66b',
      },
      {
        points: [
          [-36, 52],
          [36, 52],
          [28, 66],
          [-28, 66],
        ],
        colour: darkGold,
      },
    ],
  },
  {
    name: { en: 'Crown', ar: 'تاج' },
    price: 1_000,
    motion: 'beat',
    shapes: [
      {
        points: [
          [-64, -30],
          [-32, 4],
          [0, -52],
          [32, 4],
          [64, -30],
          [52, 44],
          [-52, 44],
        ],
        colour: gold,
      },
      {
        points: [
          [-52, 44],
          [52, 44],
          [48, 60],
          [-48, 60],
        ],
        colour: darkGold,
      },
      ...(
        [
          [-64, -32],
          [0, -54],
          [64, -32],
        ] as const
      ).map((at) => ({ points: circle(at, 8), round: true, colour: '#e0245e' })),
    ],
  },
];

/** Fills a catalogue that is empty; one that has gifts is its admins'. */
export async function seedGifts(transaction: DatabaseTransaction): Promise<void> {
  if ((await transaction.gift.count()) > 0) return;
  for (const [position, { name, price, motion, shapes }] of seededGifts.entries()) {
    const iconUrl = await store(transaction, 'svg', svgOf(shapes));
    const animationUrl = await store(transaction, 'lottie', lottieOf(name.en, shapes, motion));
    const animation = { animationKind: 'lottie', animationUrl } as const;
    const names = { nameEn: name.en, nameAr: name.ar };
    await transaction.gift.create({
      data: { id: newId(), ...names, iconUrl, ...animation, price, position },
    });
  }
}

/** Where it is got. */
async function store(transaction: DatabaseTransaction, kind: GiftAssetKind, text: string): Promise<string> {
  const content = Buffer.from(text);
  const hash = createHash('sha256').update(`${kind}\n`).update(content).digest('hex');
  await transaction.giftAsset.createMany({ data: { hash, kind, content }, skipDuplicates: true });
  return giftAssetPath(hash, kind);
}
