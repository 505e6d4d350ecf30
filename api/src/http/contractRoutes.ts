import { AppError } from '@maydan/common';
import { contract } from '@maydan/contracts';
import { isContractProcedure, type AnyContractRouter } from '@orpc/contract';
import type { RequestHandler } from 'express';

export interface ContractRoute {
  readonly method: string;
  /** As in the contract, for example `/sessions/{id}`. */
  readonly path: string;
}

/** All routes of a contract. */
export function contractRoutes(router: AnyContractRouter = contract): ContractRoute[] {
  if (!isContractProcedure(router)) return Object.values(router).flatMap((part) => contractRoutes(part));
  const { method, path } = router['~orpc'].route;
  return method === undefined || path === undefined ? [] : [{ method, path }];
}

const patterns = contractRoutes().map(({ method, path }) => ({
  method,
  path,
  pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}/?$`),
}));

/** Methods that the contract knows for a path below its prefix. */
export function allowedMethods(path: string): string[] {
  return patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
}

/** The contract's path for a request's, so that a metric has few values; `other` when there is none. */
export function routeOf(method: string, path: string): string {
  return patterns.find((route) => route.method === method && route.pattern.test(path))?.path ?? 'other';
}

/** Tells a wrong method from an unknown path, below the contract's prefix. */
export const refuseMethod: RequestHandler = (request, response, next) => {
  const allowed = allowedMethods(request.path);
  if (allowed.length === 0) return next(new AppError('not_found'));
  response.setHeader('allow', allowed.join(', '));
  next(new AppError('method_not_allowed'));
};
