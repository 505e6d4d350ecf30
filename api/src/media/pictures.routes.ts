import { AppError } from '@maydan/common';
import { mediaKeys, type Picture } from '@maydan/contracts';
import { Router } from 'express';
import { z } from 'zod';
import type { MediaStore } from '../storage/MediaStore.ts';
import { sendStored } from '../storage/storage.routes.ts';
import type { MediaRepo } from './media.repo.ts';

const prefix = '/pictures';
const files: Readonly<Record<string, string>> = { full: mediaKeys.image, thumbnail: mediaKeys.thumbnail };

/** A picture of a profile. Its id is enough, so that a profile costs no query more, and caches keep the address. */
export function pictureOf(mediaId: string | null): Picture | null {
  if (mediaId === null) return null;
  return { mediaId, url: `${prefix}/${mediaId}/full`, thumbnailUrl: `${prefix}/${mediaId}/thumbnail` };
}

/** Pictures of profiles, which everybody may see as long as a profile has them. */
export function picturesRoutes(repo: MediaRepo, store: MediaStore): Router {
  const router = Router();
  router.get(`${prefix}/:id/:size`, async (request, response) => {
    const id = z.uuid().safeParse(request.params.id);
    const file = Object.hasOwn(files, request.params.size) ? files[request.params.size] : undefined;
    if (!id.success || file === undefined || !(await repo.isPicture(id.data)))
      throw new AppError('not_found');
    const { 'if-none-match': known } = request.headers;
    const headers = known === undefined ? {} : { 'if-none-match': known };
    const answer = await store.get(mediaKeys.folder(id.data) + file, headers);
    await sendStored(answer, request, response, {
      'content-type': 'image/webp',
      'cache-control': 'public, max-age=86400',
    });
  });
  return router;
}
