import { randomUUID } from 'node:crypto';
import { addressGroup, AppError } from '@maydan/common';
import * as mediasoup from 'mediasoup';
import { Router, type Request } from 'express';
import { mediaCodecs } from '../../rooms/mediaCodecs.ts';
import { Resource } from '../Resource.ts';
import type { Resources } from '../Resources.ts';
import { acceptPublished } from '../sdp/publish.ts';
import { readOffer } from '../sdp/readOffer.ts';
import { startPublishing } from '../startPublishing.ts';
import type { WhipDependencies } from '../WhipDependencies.ts';
import { neverStored, bearerToken, describe, nothingToShow, refuseMethod, sdpType } from './headers.ts';
import { bodyOf, readBody } from './readBody.ts';
import { resourceRoutes, sendCreated } from './resourceRoutes.ts';
import { sendProblem } from './sendProblem.ts';

const methods = 'POST, GET, HEAD, OPTIONS';
const resourcePath = '/whip/sessions';

/**
 * WHIP (RFC 9725): `POST /whip` with a stream key as bearer token. The offer is judged before the key is asked about, so
 * that a wrong one makes no session and takes nobody's place.
 */
export function whipRouter(deps: WhipDependencies, resources: Resources): Router {
  const routerCapabilities = mediasoup.ortc.generateRouterRtpCapabilities(mediaCodecs);
  const router = Router();
  router.use(resourcePath, resourceRoutes(resources));
  router.use('/whip', neverStored);
  router.options('/whip', describe(methods));
  router.get('/whip', nothingToShow);
  router.post('/whip', ...readBody(sdpType), async (request, response) => {
    const streamKey = bearerToken(request);
    const offer = readOffer(bodyOf(request), 'send');
    const published = offer.media.map((media) => acceptPublished(media, routerCapabilities));
    const askedAtMs = Date.now();
    const grant = await authorize(deps, streamKey, request);
    const connected = await startPublishing(deps.rooms, { ...grant, askedAtMs }, offer, published);
    const resource = new Resource({ credential: streamKey, offer, graceMs: deps.graceMs, ...connected });
    resources.add(resource);
    deps.logger.info({ sessionId: grant.sessionId, peerId: connected.peer.id }, 'WHIP publisher joined');
    const media = published.map(({ answer }) => answer);
    const location = `${deps.publicUrl ?? request.baseUrl}${resourcePath}/${resource.secret}`;
    sendCreated(response, { ...connected, resource, offer, media, location });
  });
  router.all('/whip', refuseMethod(methods));
  router.use(['/whip', resourcePath], sendProblem(deps.logger));
  return router;
}

/** An address that has guessed too many keys is not listened to for a while, whatever key it has now. */
async function authorize(
  { authorizer, guesses }: WhipDependencies,
  streamKey: string,
  request: Request,
): ReturnType<WhipDependencies['authorizer']['authorize']> {
  const remoteAddress = request.ip ?? 'unknown';
  const attempt = await guesses.begin(addressGroup(remoteAddress));
  if (attempt === undefined) throw new AppError('rate_limited', undefined, { retryAfterSec: 60 });
  let refused = false;
  try {
    return await authorizer.authorize({ streamKey, connectionId: randomUUID(), remoteAddress });
  } catch (error) {
    refused = error instanceof AppError && error.code === 'stream_key_refused';
    throw error;
  } finally {
    attempt.settle(refused ? 'refused' : 'other');
  }
}
