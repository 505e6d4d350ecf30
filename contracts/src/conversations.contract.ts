import { z } from 'zod';
import {
  conversation,
  conversationById,
  conversationCreateInput,
  conversationPage,
  conversationUpdateInput,
  directInput,
  member,
  memberInput,
  memberPage,
  membersAddInput,
  membersInput,
  publicChannelPage,
  publicChannelsInput,
  roleInput,
} from './conversations.ts';
import { pageInput } from './people.ts';
import { nothing, route } from './route.ts';

const tag = 'Conversations';

export const conversationsContract = {
  list: route('GET', '/conversations', tag, 'Own conversations, the most lately active first')
    .input(pageInput)
    .output(conversationPage),
  direct: route('POST', '/conversations/direct', tag, 'The conversation with somebody; there is one per pair')
    .input(directInput)
    .output(conversation),
  create: route('POST', '/conversations', tag, 'Make a group or a public channel', 201)
    .input(conversationCreateInput)
    .output(conversation),
  get: route('GET', '/conversations/{id}', tag, 'One conversation')
    .input(conversationById)
    .output(conversation),
  update: route(
    'PATCH',
    '/conversations/{id}',
    tag,
    'Change name, description and picture, as its owner or admin',
  )
    .input(conversationUpdateInput)
    .output(conversation),
  delete: route(
    'DELETE',
    '/conversations/{id}',
    tag,
    'Delete a group or public channel for all, as its owner; of a direct conversation, one’s own view of it',
  )
    .input(conversationById)
    .output(nothing),
  publicChannels: route('GET', '/public-channels', tag, 'Public channels, by name')
    .input(publicChannelsInput)
    .output(publicChannelPage),
  join: route('POST', '/conversations/{id}/join', tag, 'Join a public channel')
    .input(conversationById)
    .output(conversation),
  leave: route('POST', '/conversations/{id}/leave', tag, 'Leave; an owner who leaves hands over')
    .input(conversationById)
    .output(nothing),
  members: route('GET', '/conversations/{id}/members', tag, 'Who is in it, who came first at first')
    .input(membersInput)
    .output(memberPage),
  addMembers: route('POST', '/conversations/{id}/members', tag, 'Add people, as owner or admin')
    .input(membersAddInput)
    .output(z.object({ items: z.array(member) })),
  setRole: route('PATCH', '/conversations/{id}/members/{userId}', tag, 'Change somebody’s role, as the owner')
    .input(roleInput)
    .output(member),
  removeMember: route('DELETE', '/conversations/{id}/members/{userId}', tag, 'Remove somebody from it')
    .input(memberInput)
    .output(nothing),
};
