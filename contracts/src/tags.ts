import { z } from 'zod';
import { cleanLine } from './cleanText.ts';
import { foldText } from './foldText.ts';

/** Of one session. */
const maxTags = 10;

/** As it is shown: without the sign in front, on one line, in lower case. Pure; a second time changes nothing. */
export function cleanTag(text: string): string {
  return cleanLine(cleanLine(text).replace(/^[#＃\s]+/, '')).toLowerCase();
}

/** By which tags are compared: those that people would call the same have one. Empty: nothing is left of it. */
export function tagKey(text: string): string {
  return foldText(cleanTag(text));
}

/** The first one of each key. */
export function differentTags(tags: readonly string[]): string[] {
  const keys = new Set<string>();
  return tags.filter((tag) => {
    const key = tagKey(tag);
    return !keys.has(key) && keys.add(key);
  });
}

const tag = z
  .string()
  .max(60)
  .overwrite(cleanTag)
  .max(30)
  .refine((text) => tagKey(text) !== '', 'must have a letter or sign');
/** Tags that are the same count once. */
export const tags = z.array(tag).max(maxTags).overwrite(differentTags);
