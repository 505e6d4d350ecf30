import { z } from 'zod';
import {
  conversationMessage,
  historyInput,
  historyPage,
  messageEditInput,
  messageForwardInput,
  messageSendInput,
  readInput,
  readOutput,
} from './messages.ts';
import { byId, route } from './route.ts';
import { publicUser } from './sessions.ts';

const tag = 'Messages';

export const messagesContract = {
  send: route(
    'POST',
    '/conversations/{id}/messages',
    tag,
    'Write, with files or without; the same tempId again stores nothing new',
    201,
  )
    .input(messageSendInput)
    .output(conversationMessage),
  history: route('GET', '/conversations/{id}/messages', tag, 'What was written, the newest first')
    .input(historyInput)
    .output(historyPage),
  read: route('POST', '/conversations/{id}/read', tag, 'Have read up to a message; it never goes back')
    .input(readInput)
    .output(readOutput),
  get: route('GET', '/messages/{id}', tag, 'One message').input(byId).output(conversationMessage),
  edit: route('PATCH', '/messages/{id}', tag, 'Change the text of an own message')
    .input(messageEditInput)
    .output(conversationMessage),
  delete: route(
    'DELETE',
    '/messages/{id}',
    tag,
    'Delete an own message, or anybody’s as owner or admin; its place stays, empty',
  )
    .input(byId)
    .output(conversationMessage),
  forward: route(
    'POST',
    '/messages/{id}/forward',
    tag,
    'Write a message again in another conversation, marked as forwarded; it does not say whose it was',
    201,
  )
    .input(messageForwardInput)
    .output(conversationMessage),
  readers: route(
    'GET',
    '/messages/{id}/readers',
    tag,
    'Who has read it, but for its sender; not in public channels',
  )
    .input(byId)
    .output(z.object({ items: z.array(publicUser) })),
};
