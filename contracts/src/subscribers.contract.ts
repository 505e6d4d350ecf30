import { pageInput } from './people.ts';
import { nothing, route } from './route.ts';
import { subscriber, subscriberById, subscriberInput, subscriberPage } from './subscribers.ts';

/** Whom a host has admitted as subscribers, who write where a chat is for subscribers only. */
export const subscribersContract = {
  list: route(
    'GET',
    '/me/subscribers',
    'People',
    'Own subscribers, the newest first, also those that are over',
  )
    .input(pageInput)
    .output(subscriberPage),
  admit: route(
    'PUT',
    '/me/subscribers/{userId}',
    'People',
    'Admit somebody as a subscriber, until a moment or for good; again it is changed',
  )
    .input(subscriberInput)
    .output(subscriber),
  remove: route('DELETE', '/me/subscribers/{userId}', 'People', 'Have somebody as a subscriber no more')
    .input(subscriberById)
    .output(nothing),
};
