import { z } from 'zod';
import { isoDate } from './ids.ts';

/** `waiting` while it is being made; `failed` when that was given up; `expired` when its files are gone, or about to go. */
export const exportState = z.enum(['waiting', 'ready', 'failed', 'expired']);

/** A copy of all that is kept about a person, made at their wish. */
export const accountExport = z.object({
  id: z.uuid(),
  state: exportState,
  createdAt: isoDate,
  /** When it was ready, or was given up. */
  finishedAt: isoDate.nullable(),
  /** When its files go, of one that is ready or was. */
  expiresAt: isoDate.nullable(),
  /** Of all its files together, while it is ready. */
  byteLength: z.int().nullable(),
});
export type AccountExport = z.infer<typeof accountExport>;

/**
 * Each file is a JSON document of its own: `{ format, version, userId, exportId, file, requestedAt, data, isLast }`, where
 * `data` has lists of rows by kind. A list that is too long for a file goes on in the next one. Files that the person uploaded
 * are not inside: each row of `media` says where its owner gets an address that is good for a while, as `GET /media` does for all.
 */
export const accountExportFile = z.object({
  /** Good for 5 to 10 minutes, for whoever has it. One that begins with a slash is on the api's own server. */
  url: z.string(),
  byteLength: z.int(),
});

/** `files` is empty unless it is ready. */
export const accountExportWithFiles = accountExport.extend({ files: z.array(accountExportFile) });
export type AccountExportWithFiles = z.infer<typeof accountExportWithFiles>;

export const accountExportPage = z.object({
  items: z.array(accountExport),
  nextCursor: z.string().nullable(),
});
export type AccountExportPage = z.infer<typeof accountExportPage>;
