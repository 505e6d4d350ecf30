import { z } from 'zod';
import { sessionId, userId } from './ids.ts';
import { listedUser, pageInput, userPage } from './people.ts';
import { byId, nothing, route } from './route.ts';
import { playbackGranted, sessionList } from './sessions.ts';

const tag = 'Private sessions';
const ofUser = z.object({ id: sessionId, userId });

/** Routes about whom a private session lets in. */
export const accessContract = {
  playback: route(
    'POST',
    '/sessions/{id}/playback',
    tag,
    'Addresses to play a session with; those of a private one are the asking user’s, and good for a short time',
  )
    .input(byId)
    .output(playbackGranted),
  invited: route('GET', '/me/session-invitations', tag, 'Sessions that one is invited to, the newest first')
    .input(pageInput)
    .output(sessionList),
  list: route('GET', '/sessions/{id}/invitations', tag, 'Who is invited, for the host and moderators')
    .input(pageInput.extend({ id: sessionId }))
    .output(userPage),
  create: route('POST', '/sessions/{id}/invitations', tag, 'Invite somebody; they are told once', 201)
    .input(ofUser)
    .output(listedUser),
  remove: route(
    'DELETE',
    '/sessions/{id}/invitations/{userId}',
    tag,
    'Take an invitation back: who is let in by nothing else is out within seconds',
  )
    .input(ofUser)
    .output(nothing),
};
