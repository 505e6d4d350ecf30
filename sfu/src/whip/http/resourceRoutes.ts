import type { Request, Response } from 'express';
import { Router } from 'express';
import { readIceFragment } from '../sdp/iceFragment.ts';
import { writeAnswer, type AnsweredMedia } from '../sdp/answer.ts';
import type { Offer } from '../sdp/offer.ts';
import type { Resource } from '../Resource.ts';
import type { Resources } from '../Resources.ts';
import type { Connected } from '../startPublishing.ts';
import {
  neverStored,
  bearerToken,
  describe,
  fragmentType,
  iceServerLinks,
  nothingToShow,
  refuseMethod,
  sdpType,
} from './headers.ts';
import { bodyOf, readBody } from './readBody.ts';

const methods = 'PATCH, DELETE, GET, HEAD, OPTIONS';

/** The URLs in `Location`, `<base>/<secret>`: trickle and restart of ICE by PATCH, the end by DELETE. */
export function resourceRoutes(resources: Resources): Router {
  const router = Router();
  const path = '/:secret';
  router.use(path, neverStored);
  router.options(path, describe(methods));
  router.get(path, nothingToShow);
  router.patch(path, ...readBody(fragmentType), async (request, response) => {
    const resource = resources.find(secretOf(request), bearerToken(request));
    const answer = await resource.patch(request.get('if-match'), readIceFragment(bodyOf(request)));
    if (answer.type === 'taken') response.status(204).end();
    else response.status(200).set('etag', resource.etag).type(fragmentType).send(answer.fragment);
  });
  router.delete(path, (request, response) => {
    resources.end(secretOf(request), bearerToken(request));
    response.status(200).end();
  });
  router.all(path, refuseMethod(methods));
  return router;
}

function secretOf(request: Request): string {
  const { secret } = request.params;
  return typeof secret === 'string' ? secret : '';
}

export interface Created extends Connected {
  readonly resource: Resource;
  readonly offer: Offer;
  readonly media: readonly AnsweredMedia[];
  /** Where the resource is. */
  readonly location: string;
}

/** 201 with all that RFC 9725, sections 4.2 to 4.6, wants in it. */
export function sendCreated(response: Response, created: Created): void {
  const { resource, offer, media, transport, bridge, peer, location } = created;
  const { dtlsParameters } = transport;
  const { iceParameters, iceCandidates } = bridge ?? transport;
  const sdp = writeAnswer(offer, media, { iceParameters, iceCandidates, dtlsParameters }, Date.now());
  const links = iceServerLinks(peer.transports.iceServers);
  if (links.length > 0) response.set('link', links);
  response.status(201).set({ location, etag: resource.etag }).type(sdpType).send(sdp);
}
