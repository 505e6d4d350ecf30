import type { IncomingMessage } from 'node:http';
import cors from 'cors';
import type { RequestHandler } from 'express';
import helmet from 'helmet';
import type { ApiConfig } from '../config.ts';
import { playbackBase } from './requestBase.ts';

/**
 * Security headers. The page may load media, playlists and pictures from the origin (same host, other port, or
 * PLAYBACK_BASE_URL) and from the blobs that MSE makes, run its own scripts, and talk to this server only.
 */
export function securityHeaders(config: ApiConfig): RequestHandler {
  const https = config.PUBLIC_URL?.startsWith('https://') ?? false;
  const origins = new WeakMap<IncomingMessage, string>();
  const playback = (request: IncomingMessage): string => origins.get(request) ?? '';
  const setHeaders = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'self'"],
        'script-src': ["'self'"],
        'style-src': ["'self'", "'unsafe-inline'"],
        'img-src': ["'self'", 'data:', 'blob:', playback],
        'media-src': ["'self'", 'blob:', playback],
        'connect-src': ["'self'", playback],
        'worker-src': ["'self'", 'blob:'],
        'object-src': ["'none'"],
        'base-uri': ["'self'"],
        'form-action': ["'self'"],
        'frame-ancestors': ["'self'"],
        ...(https ? { 'upgrade-insecure-requests': [] } : {}),
      },
    },
    // Sent over plain HTTP it would be ignored, and a machine in the LAN has no certificate.
    strictTransportSecurity: https,
  });
  return (request, response, next) => {
    origins.set(request, new URL(playbackBase(config, request)).origin);
    setHeaders(request, response, next);
  };
}

/** Browsers of other origins may call the api only from CORS_ORIGINS. Tokens travel in headers, so no cookies. */
export function crossOrigin(config: ApiConfig): RequestHandler {
  const origin = config.CORS_ORIGINS.includes('*') ? '*' : config.CORS_ORIGINS;
  return cors({
    origin,
    methods: ['GET', 'POST', 'PATCH', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type', 'x-request-id'],
    exposedHeaders: ['x-request-id', 'retry-after'],
    maxAge: 600,
  });
}
