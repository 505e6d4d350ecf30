import type { IncomingMessage } from 'node:http';
import { deviceHeader } from '@maydan/contracts';
import cors from 'cors';
import type { RequestHandler } from 'express';
import helmet from 'helmet';
import type { ApiConfig } from '../config.ts';
import type { SfuDirectory } from '../stage/SfuDirectory.ts';
import { playbackBase, sfuBase, type Reached } from './requestBase.ts';

/**
 * Security headers. The page may load media, playlists and pictures from the origin (same host, other port, or
 * PLAYBACK_BASE_URL) and from the blobs that MSE makes, run its own scripts, talk to this server and the sfu nodes, and
 * send files to the storage and show them, if that is reached under an address of its own.
 */
export function securityHeaders(config: ApiConfig, directory: SfuDirectory): RequestHandler {
  const storage = config.S3_PUBLIC_URL === undefined ? [] : [new URL(config.S3_PUBLIC_URL).origin];
  const https = config.PUBLIC_URL?.startsWith('https://') ?? false;
  const origins = new WeakMap<IncomingMessage, string>();
  const playback = (request: IncomingMessage): string => origins.get(request) ?? '';
  const sfus = new WeakMap<IncomingMessage, string>();
  const sfu = (request: IncomingMessage): string => sfus.get(request) ?? '';
  const setHeaders = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'self'"],
        'script-src': ["'self'"],
        'style-src': ["'self'", "'unsafe-inline'"],
        'img-src': ["'self'", 'data:', 'blob:', playback, ...storage],
        'media-src': ["'self'", 'blob:', playback, ...storage],
        'connect-src': ["'self'", playback, sfu, ...storage],
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
    sfus.set(request, sfuSources(config, request, directory));
    setHeaders(request, response, next);
  };
}

/** Signaling is a WebSocket or HTTP; to some browsers these are different sources. */
function sfuSources(config: ApiConfig, reached: Reached, directory: SfuDirectory): string {
  const nodes = directory.known.length === 0 ? [undefined] : directory.known;
  const present = nodes.map((node) => new URL(sfuBase(config, reached, node)).origin);
  return [...new Set([...present, ...config.SFU_ORIGINS])]
    .flatMap((origin) => [origin, origin.replace(/^http/, 'ws')])
    .join(' ');
}

/** Browsers of other origins may call the api only from CORS_ORIGINS. Tokens travel in headers, so no cookies. */
export function crossOrigin(config: ApiConfig): RequestHandler {
  const origin = config.CORS_ORIGINS.includes('*') ? '*' : config.CORS_ORIGINS;
  return cors({
    origin,
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type', 'idempotency-key', 'x-request-id', deviceHeader],
    exposedHeaders: ['x-request-id', 'retry-after'],
    maxAge: 600,
  });
}
