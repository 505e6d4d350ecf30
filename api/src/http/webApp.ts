import { join } from 'node:path';
import { AppError } from '@maydan/common';
import express, { Router } from 'express';

const pages = ['/', '/@:username', '/watch/:id', '/studio'];

/**
 * The built web page. Files under `/assets` have a hash of their content in the name and are kept for ever; all else
 * is asked for again. Its own routes all answer with the one page.
 */
export function webApp(root: string): Router {
  const router = Router();
  router.use(
    express.static(root, {
      index: false,
      cacheControl: false,
      setHeaders: (response, path) => {
        const hashed = path.startsWith(join(root, 'assets'));
        response.setHeader('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    }),
  );
  router.get(pages, (_request, response, next) => {
    const headers = { 'cache-control': 'no-cache' };
    response.sendFile('index.html', { root, headers, cacheControl: false }, (error) => {
      if (error !== undefined && error !== null && !response.headersSent) {
        next(new AppError('not_found', 'The web page is not built.', undefined, { cause: error }));
      }
    });
  });
  return router;
}
