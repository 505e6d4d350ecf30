import {
  restreamTarget,
  restreamTargetInput,
  restreamTargetList,
  restreamTargetUpdateInput,
} from './restream.ts';
import { byId, nothing, route } from './route.ts';

const tag = 'Restream';

export const restreamContract = {
  list: route('GET', '/me/restream-targets', tag, 'Own restream targets, with their state').output(
    restreamTargetList,
  ),
  create: route(
    'POST',
    '/me/restream-targets',
    tag,
    'Add a restream target; sent to from now on if live',
    201,
  )
    .input(restreamTargetInput)
    .output(restreamTarget),
  update: route('PATCH', '/me/restream-targets/{id}', tag, 'Change a restream target, or switch it on or off')
    .input(restreamTargetUpdateInput)
    .output(restreamTarget),
  remove: route('DELETE', '/me/restream-targets/{id}', tag, 'Remove a restream target')
    .input(byId)
    .output(nothing),
};
