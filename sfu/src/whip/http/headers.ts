import type { IceServer } from '@maydan/contracts';
import { AppError } from '@maydan/common';
import type { Request, RequestHandler } from 'express';

/** Longer than any stream key or join token. */
const maxTokenLength = 4_000;

/** The bearer token of a request (RFC 6750). @throws AppError `unauthenticated` (401) when there is none. */
export function bearerToken(request: Request): string {
  const match = /^Bearer +(\S+) *$/i.exec(request.get('authorization') ?? '');
  const token = match?.[1];
  if (token === undefined || token.length > maxTokenLength) {
    throw new AppError('unauthenticated', 'A bearer token is needed (Authorization: Bearer ...).');
  }
  return token;
}

/**
 * One `Link` for each address of a STUN or TURN server (RFC 9725, section 4.6). Values are quoted; what would end a
 * quoted string can't be in them.
 */
export function iceServerLinks(servers: readonly IceServer[]): string[] {
  const quoted = (value: string): string => `"${value.replaceAll(/["\\\r\n]/g, '')}"`;
  return servers.flatMap(({ urls, username, credential }) =>
    urls.map((url) => {
      const parts = [`<${url}>`, 'rel="ice-server"'];
      if (username !== undefined) parts.push(`username=${quoted(username)}`);
      if (credential !== undefined) {
        parts.push(`credential=${quoted(credential)}`, 'credential-type="password"');
      }
      return parts.join('; ');
    }),
  );
}

export const sdpType = 'application/sdp';
export const fragmentType = 'application/trickle-ice-sdpfrag';

/** Nothing of WHIP and WHEP is the same for two clients. */
export const neverStored: RequestHandler = (_request, response, next) => {
  response.set('cache-control', 'no-store');
  next();
};

/** The answer to OPTIONS, be it a browser's preflight or a client's question (RFC 9725, section 4.2); CORS is the app's. */
export function describe(methods: string): RequestHandler {
  return (_request, response) => {
    response.set({ allow: methods, 'accept-post': sdpType, 'accept-patch': fragmentType }).status(200).end();
  };
}

/** GET and HEAD have nothing to show: the resources have no representation (RFC 9725, section 4.2). */
export const nothingToShow: RequestHandler = (_request, response) => void response.status(204).end();

export function refuseMethod(methods: string): RequestHandler {
  return (_request, response, next) => {
    response.set('allow', methods);
    next(new AppError('method_not_allowed'));
  };
}
