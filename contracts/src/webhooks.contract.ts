import { z } from 'zod';
import { byId, nothing, route } from './route.ts';
import {
  webhook,
  webhookCreateInput,
  webhookDeliveriesInput,
  webhookDelivery,
  webhookDeliveryPage,
  webhookReplayInput,
  webhookUpdateInput,
  webhookWithSecret,
} from './webhooks.ts';

const tag = 'Webhooks';

export const webhooksContract = {
  create: route(
    'POST',
    '/me/webhooks',
    tag,
    'Tell another system what happens; the secret is shown once',
    201,
  )
    .input(webhookCreateInput)
    .output(webhookWithSecret),
  list: route('GET', '/me/webhooks', tag, 'One’s webhooks').output(z.object({ items: z.array(webhook) })),
  update: route('PATCH', '/me/webhooks/{id}', tag, 'Change a webhook, or turn it on or off')
    .input(webhookUpdateInput)
    .output(webhook),
  remove: route('DELETE', '/me/webhooks/{id}', tag, 'Delete a webhook and its deliveries')
    .input(byId)
    .output(nothing),
  rotate: route(
    'POST',
    '/me/webhooks/{id}/rotate',
    tag,
    'Replace the secret; the old one signs beside it for a day',
  )
    .input(byId)
    .output(webhookWithSecret),
  deliveries: route(
    'GET',
    '/me/webhooks/{id}/deliveries',
    tag,
    'What was sent, and how it went: the newest first',
  )
    .input(webhookDeliveriesInput)
    .output(webhookDeliveryPage),
  replay: route('POST', '/me/webhooks/{id}/deliveries/{deliveryId}/replay', tag, 'Send a message again')
    .input(webhookReplayInput)
    .output(webhookDelivery),
};
