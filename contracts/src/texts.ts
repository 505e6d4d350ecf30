import { z } from 'zod';
import { cleanLine, cleanText, showsSomething } from './cleanText.ts';

/** What people write on one line that others see: stored clean, with something to see, and so many characters (UTF-16) at most. */
export const shownLine = (most: number) =>
  z
    .string()
    .max(most * 5)
    .overwrite(cleanLine)
    .max(most)
    .refine(showsSomething, 'Shows nothing.');

/** The same on many lines; may be empty. */
export const shownText = (most: number) =>
  z
    .string()
    .max(most * 5)
    .overwrite(cleanText)
    .max(most);
