import type { Logger } from '@maydan/common';
import { contract } from '@maydan/contracts';
import { oo } from '@orpc/openapi';
import { implement } from '@orpc/server';
import type { SignInsService } from '../identity/signIns.service.ts';
import type { Reached } from './requestBase.ts';

/** What a procedure knows of its request. */
export interface RequestContext {
  readonly requestId: string;
  readonly logger: Logger;
  readonly address: string;
  readonly userAgent: string | null;
  readonly authorization: string | undefined;
  readonly playbackBase: string;
  /** Where the client reaches any of the sfu nodes. */
  readonly sfuBase: string;
  /** How the client reached us, for other addresses we give it. */
  readonly reached: Reached;
  readonly setHeader: (name: string, value: string) => void;
}

/** The contract, to be implemented by anybody's procedures. */
export const procedures = implement(contract).$context<RequestContext>();

/**
 * Procedures for signed-in users; their context has `user` and `signInId`. The token is checked before the input is.
 */
export function signedInProcedures(signIns: SignInsService) {
  const requireUser = procedures.middleware(async ({ context, next }) => {
    const { user, signInId } = await signIns.authenticate(context.authorization);
    return next({ context: { user, signInId } });
  });
  return procedures.use(
    oo.spec(requireUser, (operation) => ({ ...operation, security: [{ accessToken: [] }] })),
  );
}
export type SignedInProcedures = ReturnType<typeof signedInProcedures>;

const withOrWithoutToken: Record<string, string[]>[] = [{}, { accessToken: [] }];

/**
 * Procedures for everybody, whose context has `user`: null without an `Authorization` header. One that isn't good is
 * refused, so that a client learns that its token has expired.
 */
export function anybodyProcedures(signIns: SignInsService) {
  const lookUpUser = procedures.middleware(async ({ context, next }) => {
    const { authorization } = context;
    const user = authorization === undefined ? null : (await signIns.authenticate(authorization)).user;
    return next({ context: { user } });
  });
  return procedures.use(oo.spec(lookUpUser, (operation) => ({ ...operation, security: withOrWithoutToken })));
}
export type AnybodyProcedures = ReturnType<typeof anybodyProcedures>;
