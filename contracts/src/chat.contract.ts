import { z } from 'zod';
import {
  chatHistory,
  chatHistoryInput,
  chatMessage,
  chatMessageInput,
  chatRules,
  chatRulesInput,
  chatSendInput,
  chatState,
  platformWord,
  platformWordInput,
  platformWordList,
} from './chat.ts';
import { byId, nothing, route } from './route.ts';

const tag = 'Chat';
const pins = z.object({ pins: z.array(chatMessage) });

/** Routes of the chat of a session; live it is over Socket.IO (`chat:join`). */
export const chatContract = {
  send: route(
    'POST',
    '/sessions/{id}/chat/messages',
    tag,
    'Write in a session; the same tempId again stores nothing new',
    201,
  )
    .input(chatSendInput)
    .output(chatMessage),
  state: route('GET', '/sessions/{id}/chat', tag, 'Settings, pins and the newest messages')
    .input(byId)
    .output(chatState),
  history: route('GET', '/sessions/{id}/chat/messages', tag, 'What was written, the newest first')
    .input(chatHistoryInput)
    .output(chatHistory),
  delete: route(
    'DELETE',
    '/sessions/{id}/chat/messages/{messageId}',
    tag,
    'Delete an own message, or anybody’s as host or moderator; its place stays, empty',
  )
    .input(chatMessageInput)
    .output(chatMessage),
  pin: route('POST', '/sessions/{id}/chat/pins/{messageId}', tag, 'Pin a message, as host or moderator')
    .input(chatMessageInput)
    .output(pins),
  unpin: route('DELETE', '/sessions/{id}/chat/pins/{messageId}', tag, 'Pin a message no more')
    .input(chatMessageInput)
    .output(pins),
  rules: route('GET', '/sessions/{id}/chat/rules', tag, 'All settings, for the host and moderators')
    .input(byId)
    .output(chatRules),
  setRules: route('PATCH', '/sessions/{id}/chat/rules', tag, 'Change settings of the chat')
    .input(chatRulesInput)
    .output(chatRules),
};

/** Routes of the words that are banned in all chats. */
export const bannedWordsContract = {
  list: route('GET', '/admin/banned-words', tag, 'Words that are banned in all chats, for moderators').output(
    platformWordList,
  ),
  add: route('POST', '/admin/banned-words', tag, 'Ban a word in all chats, as an admin', 201)
    .input(platformWordInput)
    .output(platformWord),
  remove: route('DELETE', '/admin/banned-words/{id}', tag, 'Ban a word no more').input(byId).output(nothing),
};
