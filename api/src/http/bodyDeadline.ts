import type { RequestHandler } from 'express';
import { storagePrefix } from '../storage/MediaStore.ts';

/** An upload has this long; the connection's server ends it then. */
export const uploadDeadlineMs = 15 * 60_000;
const bodyMs = 30_000;
const uploads = new RegExp(`^(${storagePrefix}/|/api/v1/media/[^/]+/content$)`);

/** Lets go of a client whose body isn't there in time. Files have longer. */
export const bodyDeadline: RequestHandler = (request, response, next) => {
  if (!uploads.test(request.path)) {
    const deadline = setTimeout(() => {
      if (!request.complete) request.destroy();
    }, bodyMs);
    response.once('close', () => clearTimeout(deadline));
  }
  next();
};
