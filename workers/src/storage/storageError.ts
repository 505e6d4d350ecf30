import { AppError } from '@maydan/common';
import { S3ServiceException } from '@aws-sdk/client-s3';

/**
 * What kind of trouble the storage made. `unavailable`: nobody answers, or it can't now; `refused`: it answers and says
 * no (key, bucket, rights), so a quick repetition is useless; `corrupted`: what it holds isn't what was sent.
 */
export type StorageTrouble = 'unavailable' | 'refused' | 'corrupted';

/** `unavailable` of the error table with the kind of trouble in it. */
export class StorageError extends AppError {
  readonly trouble: StorageTrouble;

  constructor(trouble: StorageTrouble, message: string, cause?: unknown) {
    super('unavailable', message, { trouble }, { cause });
    this.name = 'StorageError';
    this.trouble = trouble;
  }
}

const repeatable = new Set([408, 429]);

/** Any error of the S3 client as ours. */
export function toStorageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  if (error instanceof S3ServiceException) {
    const status = error.$metadata.httpStatusCode ?? 0;
    const refused = status >= 400 && status < 500 && !repeatable.has(status) && error.name !== 'BadDigest';
    return new StorageError(
      refused ? 'refused' : 'unavailable',
      `The storage answered ${error.name}.`,
      error,
    );
  }
  const reason = error instanceof Error ? error.message || error.name : String(error);
  return new StorageError('unavailable', `The storage can't be reached: ${reason}`, error);
}

/** True when the storage says that there is no such object, as before the first one there is no bucket. */
export function isMissing(error: unknown): boolean {
  const isNotFound =
    error instanceof S3ServiceException && (error.name === 'NoSuchKey' || error.name === 'NotFound');
  return isNotFound || isBucketMissing(error);
}

/** True when a byte range begins past the end of the object. */
export function isBeyondEnd(error: unknown): boolean {
  return error instanceof S3ServiceException && error.$metadata.httpStatusCode === 416;
}

/** True when the storage says that there is no such bucket. */
export function isBucketMissing(error: unknown): boolean {
  return error instanceof S3ServiceException && error.name === 'NoSuchBucket';
}
