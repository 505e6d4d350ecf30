import { AppError, toErrorBody } from '@maydan/common';
import { deviceHeader, errorCode } from '@maydan/contracts';
import { OpenAPIHandler } from '@orpc/openapi/node';
import { ORPCError, type AnyRouter } from '@orpc/server';
import type { Request, RequestHandler, Response } from 'express';
import type { ApiConfig } from '../config.ts';
import type { RequestContext } from './context.ts';
import { whence } from '../moderation/traces/whence.ts';
import { logRequestError, retryAfter, toRequestError } from './errors.ts';
import { playbackBase, sfuBase } from './requestBase.ts';
import type { SfuDirectory } from '../stage/SfuDirectory.ts';
import { requestIdOf } from './requestId.ts';
import { requestScope } from './requestScope.ts';

export const restPrefix = '/api/v1';

/** What an error carries from the interceptor to the encoder of its body. */
interface Stamp {
  readonly error: AppError;
  readonly requestId: string;
}

/** The contract's procedures as Express middleware under `/api/v1`; what they don't know goes on to the next one. */
export function restHandler(router: AnyRouter, config: ApiConfig, directory: SfuDirectory): RequestHandler {
  const stamps = new WeakMap<Error, Stamp>();
  const handler = new OpenAPIHandler<RequestContext>(router, {
    interceptors: [
      async ({ context, ...call }) => {
        try {
          return await call.next();
        } catch (thrown) {
          const error = toRequestError(thrown);
          logRequestError(context.logger, error);
          const wait = retryAfter(error);
          if (wait !== undefined) context.setHeader('retry-after', wait);
          const answer = new ORPCError(error.code, { status: error.status, message: error.message });
          stamps.set(answer, { error, requestId: context.requestId });
          throw answer;
        }
      },
    ],
    customErrorResponseBodyEncoder: (answer) => {
      const stamp = stamps.get(answer);
      const known = errorCode.safeParse(answer.code).data ?? 'bad_request';
      return toErrorBody(stamp?.error ?? new AppError(known), stamp?.requestId);
    },
  });
  return async (request, response, next) => {
    response.setHeader('cache-control', 'no-store');
    const context = contextOf(request, response, config, directory);
    const from = {
      address: context.address,
      device: request.get(deviceHeader),
      agent: request.get('user-agent'),
    };
    const { matched } = await requestScope.run(context.requestId, () =>
      whence.run(from, () => handler.handle(request, response, { prefix: restPrefix, context })),
    );
    if (!matched) next();
  };
}

function contextOf(
  request: Request,
  response: Response,
  config: ApiConfig,
  directory: SfuDirectory,
): RequestContext {
  return {
    requestId: requestIdOf(request),
    logger: request.log,
    address: request.ip ?? '',
    userAgent: request.get('user-agent') ?? null,
    authorization: request.get('authorization'),
    playbackBase: playbackBase(config, request),
    sfuBase: sfuBase(config, request, directory.known[0]),
    reached: { protocol: request.protocol, hostname: request.hostname },
    setHeader: (name, value) => void response.setHeader(name, value),
  };
}
