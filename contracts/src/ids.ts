import { z } from 'zod';

export const userId = z.uuid();
export const sessionId = z.uuid();
export const conversationId = z.uuid();
/** Random, says nothing about keys or people; also the folder of the recording in S3. */
export const playbackId = z.string().regex(/^[a-z0-9]{16,40}$/);
export const renditionId = z.string().regex(/^[a-z0-9]{1,16}$/);
export const isoDate = z.iso.datetime();
/** Letters, digits and underscore; compared without case. */
export const username = z
  .string()
  .trim()
  .min(3)
  .max(30)
  .regex(/^[A-Za-z0-9_]+$/, 'Use letters, digits and underscore only.');
