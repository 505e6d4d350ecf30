import { z } from 'zod';
import { isoDate } from './ids.ts';

export const mediaId = z.uuid();
/** What a file is uploaded for; it can be used for nothing else. */
export const mediaPurpose = z.enum(['message', 'avatar', 'cover', 'status']);
export type MediaPurpose = z.infer<typeof mediaPurpose>;
export const fileKind = z.enum(['image', 'video', 'audio', 'file']);
export type FileKind = z.infer<typeof fileKind>;
/** `awaiting` its upload, `checking` what it is, then `ready` or `refused`. */
export const mediaState = z.enum(['awaiting', 'checking', 'ready', 'refused']);

/** Why a file was refused once its content was known. */
export const mediaRefusal = z.enum([
  /** More bytes than were announced. */
  'tooLarge',
  /** The content is not of the announced kind. */
  'wrongKind',
  /** The content is of its kind, but of a format that isn't taken. */
  'unsupported',
  'unreadable',
  'tooManyPixels',
  'tooLong',
  /** Checking failed for reasons of ours. */
  'failed',
]);
export type MediaRefusal = z.infer<typeof mediaRefusal>;

const MiB = 1_048_576;
/** What each purpose takes, and how many bytes at most; the installation may take less (`MEDIA_MAX_BYTES`). */
export const mediaLimits: Readonly<Record<MediaPurpose, Readonly<Partial<Record<FileKind, number>>>>> = {
  message: { image: 20 * MiB, video: 100 * MiB, audio: 50 * MiB, file: 100 * MiB },
  avatar: { image: 10 * MiB },
  cover: { image: 10 * MiB },
  status: { image: 20 * MiB, video: 100 * MiB },
};
/** Longest video or sound, in milliseconds. */
export const maxMediaDurationMs: Readonly<Record<MediaPurpose, number>> = {
  message: 3_600_000,
  avatar: 0,
  cover: 0,
  status: 90_000,
};

const kinds: Readonly<Record<string, FileKind>> = {
  ...{ 'image/jpeg': 'image', 'image/png': 'image', 'image/gif': 'image', 'image/webp': 'image' },
  ...{ 'image/avif': 'image', 'video/mp4': 'video', 'video/quicktime': 'video', 'video/webm': 'video' },
  ...{ 'video/x-matroska': 'video', 'audio/mpeg': 'audio', 'audio/mp4': 'audio', 'audio/x-m4a': 'audio' },
  ...{ 'audio/aac': 'audio', 'audio/ogg': 'audio', 'audio/webm': 'audio', 'audio/wav': 'audio' },
  ...{ 'audio/x-wav': 'audio', 'audio/flac': 'audio' },
};

/** What a media type is treated as; all that browsers can't be trusted with, SVG and HTML too, is a `file`. */
export function fileKindOf(type: string): FileKind {
  return kinds[type.split(';')[0]?.trim() ?? ''] ?? 'file';
}

/** Without folders, control characters and marks that turn the direction of writing round. */
const fileName = z
  .string()
  .max(1_000)
  .transform((name) => name.split(/[\\/]/).at(-1) ?? '')
  .transform((name) => name.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '').trim())
  .pipe(z.string().min(1).max(200))
  .refine((name) => !/^\.+$/.test(name), 'is not the name of a file');

export const mediaCreateInput = z.object({
  purpose: mediaPurpose,
  /** Media type as the client believes it is; the content decides. */
  type: z
    .string()
    .trim()
    .toLowerCase()
    .max(100)
    .regex(/^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/, 'is not a media type'),
  byteLength: z.int().min(1),
  /** Shown to those who download an attachment. */
  name: fileName.optional(),
});
export type MediaCreate = z.infer<typeof mediaCreateInput>;

/** An address that begins with a slash is on the api's own server. Files of messages and statuses have it for a quarter of an hour at least. */
const address = z.string();

/** A file as those who may see it see it. Addresses, type and sizes are known when it is ready. */
export const media = z.object({
  id: mediaId,
  purpose: mediaPurpose,
  kind: fileKind,
  state: mediaState,
  refusal: mediaRefusal.nullable(),
  name: z.string().nullable(),
  /** Of the file at `url`: images become WebP, and what browsers can't play MP4. */
  type: z.string().nullable(),
  byteLength: z.int().nullable(),
  /** In pixels, of images and videos. */
  width: z.int().nullable(),
  height: z.int().nullable(),
  durationMs: z.int().nullable(),
  url: address.nullable(),
  /** WebP, at most 320 pixels wide and high. */
  thumbnailUrl: address.nullable(),
  /** WebP, of videos. */
  posterUrl: address.nullable(),
  createdAt: isoDate,
});
export type Media = z.infer<typeof media>;

export const mediaPage = z.object({ items: z.array(media), nextCursor: z.string().nullable() });
export type MediaPage = z.infer<typeof mediaPage>;

/** Send the file there with exactly these headers and as many bytes as announced; the signature holds you to it. */
export const mediaUpload = z.object({
  method: z.literal('PUT'),
  url: address,
  headers: z.record(z.string(), z.string()),
  expiresAt: isoDate,
});
export const mediaCreated = z.object({ media, upload: mediaUpload });

/** A picture of a profile or a group; its addresses stay the same as long as that has it. */
export const picture = z.object({ mediaId, url: address, thumbnailUrl: address });
export type Picture = z.infer<typeof picture>;

/** What the check of a file's content found. */
export const mediaOutcome = z.discriminatedUnion('result', [
  z.object({
    result: z.literal('ready'),
    type: z.string(),
    byteLength: z.int(),
    width: z.int().nullable(),
    height: z.int().nullable(),
    durationMs: z.int().nullable(),
    /** Of the folder of the file in the storage. */
    mainFile: z.string(),
    hasThumbnail: z.boolean(),
    hasPoster: z.boolean(),
  }),
  z.object({ result: z.literal('refused'), reason: mediaRefusal }),
]);
export type MediaOutcome = z.infer<typeof mediaOutcome>;

/**
 * What is removed of a file: its upload; all; or all, for the last time, as the upload can't be sent any more and nothing
 * checks it. Only then nothing can be added afterwards.
 */
export const mediaRemoval = z.enum(['upload', 'all', 'last']);
export type MediaRemoval = z.infer<typeof mediaRemoval>;

/** Where things of a file are in the storage. Uploads are never given out; what is, a worker has written. */
export const mediaKeys = {
  uploads: (id: string): string => `uploads/${id}/`,
  upload: (id: string): string => `uploads/${id}/source`,
  folder: (id: string): string => `media/${id}/`,
  thumbnail: 'thumbnail.webp',
  poster: 'poster.webp',
  image: 'main.webp',
} as const;
