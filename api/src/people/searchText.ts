import { AppError } from '@maydan/common';
import { foldText } from '@maydan/contracts';
import { z } from 'zod';
import { toPhoneNumber } from '../phone/phoneNumber.ts';

/** What somebody typed to find people, as the search needs it. */
export interface SearchText {
  /** By `foldText`; empty when nothing of it can be in a name. */
  readonly folded: string;
  /** Words of `folded`, at most five: names that contain all of them are found. */
  readonly words: readonly string[];
  /** In lower case; null when the text is none. */
  readonly email: string | null;
  /** E.164; null when the text is none. */
  readonly phone: string | null;
}

/** Where a page of found people ended. */
export interface SearchPosition {
  readonly tier: number;
  readonly key: string;
  readonly id: string;
}

const maxWords = 5;
const email = z.email().max(254);

/** Letters that the index over names knows, folded: Latin, digits, Arabic, Cyrillic, Greek, Hebrew. `search_letters` of the migration has the same. */
export const indexedLetters =
  'abcdefghijklmnopqrstuvwxyz0123456789' +
  'ابتثجحخدذرزسشصضطظعغفقكلمنهويپچژگڤٹڈڑںے' +
  'абвгдежзийклмнопрстуфхцчшщъыьэюя' +
  'αβγδεζηθικλμνξοπρστυφχψω' +
  'אבגדהוזחטיכלמנסעפצקרשתךםןףץ';
const threeIndexed = new RegExp(`[${indexedLetters}]{3}`);

export function searchText(typed: string): SearchText {
  const folded = foldText(typed);
  const words = [...new Set(folded.split(/[\s_.-]+/).filter((word) => word !== ''))].slice(0, maxWords);
  const address = folded.includes('@') ? email.safeParse(typed.trim().toLowerCase()) : null;
  return { folded, words, email: address?.data ?? null, phone: phoneOf(folded) };
}

/** Whether the index over names can find what contains the word: it holds groups of three letters. */
export function isIndexed(word: string): boolean {
  return threeIndexed.test(word);
}

/**
 * How similar a name must be to words that are spelled differently: so much that one wrong letter in a word of six or more is
 * found, and at most more than half of the words' groups of three letters (one more than letters). What fewer words than
 * that find are candidates by the thousand, of whom none is near enough.
 */
export function similarityOf(words: readonly string[]): number {
  const groups = words.reduce((sum, word) => sum + Array.from(word).length + 1, 0);
  // One letter changes three groups, of the text and of the name; a little less, as PostgreSQL reckons with float4.
  return groups < 7 ? 0.51 : Math.min(0.51, (groups - 3) / (groups + 3) - 0.001);
}

/** A number with its country: `+…` or `00…`. */
function phoneOf(folded: string): string | null {
  return /^(\+|00)\d/.test(folded) ? toPhoneNumber(folded.replace(/^00/, '+')) : null;
}

const position = z.tuple([z.int().min(0).max(9), z.string().max(2_000), z.uuid()]);

export function encodeSearchCursor({ tier, key, id }: SearchPosition): string {
  return Buffer.from(JSON.stringify([tier, key, id])).toString('base64url');
}

/** Throws `validation_failed` for anything `encodeSearchCursor` didn't make. */
export function decodeSearchCursor(text: string): SearchPosition {
  try {
    const [tier, key, id] = position.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
    return { tier, key, id };
  } catch {
    throw new AppError('validation_failed', undefined, [{ path: 'cursor', message: 'is not a cursor' }]);
  }
}
