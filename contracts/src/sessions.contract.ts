import { z } from 'zod';
import { endedSession } from './analytics.ts';
import { sessionEndInput } from './moderation.ts';
import { byId, route } from './route.ts';
import {
  channel,
  session,
  sessionCreateInput,
  sessionList,
  sessionListInput,
  sessionUpdateInput,
  streamHealth,
} from './sessions.ts';

export const sessionsContract = {
  create: route('POST', '/sessions', 'Sessions', 'Prepare a session; the next publish goes live with it', 201)
    .input(sessionCreateInput)
    .output(session),
  update: route(
    'PATCH',
    '/sessions/{id}',
    'Sessions',
    'Change title, description, tags, the layout of the stage',
  )
    .input(sessionUpdateInput)
    .output(session),
  list: route('GET', '/sessions', 'Sessions', 'Sessions on air, to come, or recordings')
    .input(sessionListInput)
    .output(sessionList),
  get: route('GET', '/sessions/{id}', 'Sessions', 'One session').input(byId).output(session),
  end: route('POST', '/sessions/{id}/end', 'Sessions', 'End the session for good')
    .input(sessionEndInput)
    .output(endedSession),
  deleteRecording: route(
    'DELETE',
    '/sessions/{id}/recording',
    'Sessions',
    'Delete the recording of one’s session for good; the session stays',
  )
    .input(byId)
    .output(session),
  health: route(
    'GET',
    '/sessions/{id}/health',
    'Sessions',
    'Health of the stream, for its host and moderators',
  )
    .input(byId)
    .output(z.object({ health: streamHealth.nullable() })),
};

export const channelsContract = {
  get: route('GET', '/channels/{username}', 'Channels', 'Who it is, what is on air, what was recorded last')
    .input(z.object({ username: z.string().max(30) }))
    .output(channel),
};
