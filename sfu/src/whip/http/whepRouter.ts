import { addressGroup, AppError, verifyJoinToken } from '@maydan/common';
import type { JoinClaims } from '@maydan/contracts';
import { Router } from 'express';
import { Resource } from '../Resource.ts';
import type { Resources } from '../Resources.ts';
import { readOffer } from '../sdp/readOffer.ts';
import { startPlaying } from '../startPlaying.ts';
import type { WhipDependencies } from '../WhipDependencies.ts';
import { neverStored, bearerToken, describe, nothingToShow, refuseMethod, sdpType } from './headers.ts';
import { bodyOf, readBody } from './readBody.ts';
import { resourceRoutes, sendCreated } from './resourceRoutes.ts';
import { sendProblem } from './sendProblem.ts';

const methods = 'POST, GET, HEAD, OPTIONS';
const resourcePath = '/whep/sessions';

/** WHEP (draft-ietf-wish-whep): `POST /whep/<session>` with a viewer's join token for that session as bearer token. */
export function whepRouter(deps: WhipDependencies, resources: Resources): Router {
  const router = Router();
  const path = '/whep/:sessionId';
  router.use(resourcePath, resourceRoutes(resources));
  router.use('/whep', neverStored);
  router.options(path, describe(methods));
  router.get(path, nothingToShow);
  router.post(path, ...readBody(sdpType), async (request, response) => {
    const token = bearerToken(request);
    const claims = viewerOf(deps, token, request.params.sessionId);
    const offer = readOffer(bodyOf(request), 'receive');
    const asker = addressGroup(request.ip ?? 'unknown');
    const playing = await startPlaying(deps.rooms, claims, { offer, asker }, deps.logger);
    const resource = new Resource({ credential: token, offer, graceMs: deps.graceMs, ...playing });
    resources.add(resource);
    deps.logger.info({ sessionId: claims.sessionId, peerId: claims.peerId }, 'WHEP player joined');
    const media = playing.playables.map(({ answer }) => answer);
    const location = `${deps.publicUrl ?? request.baseUrl}${resourcePath}/${resource.secret}`;
    sendCreated(response, { ...playing, resource, offer, media, location });
  });
  router.all(path, refuseMethod(methods));
  router.use('/whep', sendProblem(deps.logger));
  return router;
}

/** 401 asks for a new token, 403 says that this one is no use here. */
function viewerOf(
  { internalSecret, rooms }: WhipDependencies,
  token: string,
  sessionId: unknown,
): JoinClaims {
  const claims = verify(internalSecret, token);
  if (claims.role !== 'viewer' || claims.sessionId !== sessionId) {
    throw new AppError('forbidden', "This is not a viewer's token for this session.");
  }
  rooms.checkAdmission(claims);
  return claims;
}

function verify(internalSecret: string, token: string): JoinClaims {
  try {
    return verifyJoinToken(internalSecret, token);
  } catch (error) {
    if (error instanceof AppError && error.code === 'token_expired') throw error;
    throw new AppError('forbidden', 'The token is not valid.', undefined, { cause: error });
  }
}
