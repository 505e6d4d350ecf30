import { AppError } from '@maydan/common';
import { giftAssetPath, giftAssetsPath, type GiftAssetKind } from '@maydan/contracts';
import { Router } from 'express';
import type { AssetsService } from './assets.service.ts';

const types: Record<GiftAssetKind, string> = {
  lottie: 'application/json',
  webp: 'image/webp',
  png: 'image/png',
  svg: 'image/svg+xml',
};

/** Icons and animations, for everybody. A document that is opened as a page could do nothing there. */
export function giftAssetsRoutes(assets: AssetsService): Router {
  const router = Router();
  router.get(`${giftAssetsPath}/:file`, async (request, response) => {
    const { file } = request.params;
    const hash = file.split('.')[0] ?? '';
    const { kind, content } = await assets.get(hash);
    if (giftAssetPath(hash, kind) !== `${giftAssetsPath}/${file}`) throw new AppError('not_found');
    response
      .set('cache-control', 'public, max-age=31536000, immutable')
      .set('content-security-policy', "default-src 'none'; sandbox")
      .set('cross-origin-resource-policy', 'cross-origin')
      .set('x-content-type-options', 'nosniff')
      .type(types[kind])
      .send(Buffer.from(content));
  });
  return router;
}
