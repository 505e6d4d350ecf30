import { oc } from '@orpc/contract';
import { z } from 'zod';
import {
  loginInput,
  logoutInput,
  me,
  refreshInput,
  registerInput,
  signIn,
  signedIn,
  tokenPair,
} from './identity.ts';
import {
  channel,
  session,
  sessionCreateInput,
  sessionList,
  sessionListInput,
  sessionUpdateInput,
  streamHealth,
} from './sessions.ts';
import { streamKey, streamKeyCreateInput, streamKeyCreated } from './streamKeys.ts';

const byId = z.object({ id: z.uuid() });
const nothing = z.object({});
const route = (
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: `/${string}`,
  tag: string,
  summary: string,
  status = 200,
) => oc.route({ method, path, tags: [tag], summary, successStatus: status });

/** The public REST API under `/api/v1`: one source for validation, OpenAPI and the typed client. */
export const contract = {
  auth: {
    register: route('POST', '/auth/register', 'Identity', 'Create an account and sign in', 201)
      .input(registerInput)
      .output(signedIn),
    login: route('POST', '/auth/login', 'Identity', 'Sign in with email or username')
      .input(loginInput)
      .output(signedIn),
    refresh: route('POST', '/auth/refresh', 'Identity', 'Exchange a refresh token; each works once')
      .input(refreshInput)
      .output(tokenPair),
    logout: route('POST', '/auth/logout', 'Identity', 'End the sign-in of a refresh token')
      .input(logoutInput)
      .output(nothing),
    me: route('GET', '/auth/me', 'Identity', 'The signed-in user').output(me),
    listSignIns: route('GET', '/auth/sign-ins', 'Identity', 'Signed-in devices').output(
      z.object({ items: z.array(signIn) }),
    ),
    revokeSignIn: route('DELETE', '/auth/sign-ins/{id}', 'Identity', 'Sign a device out')
      .input(byId)
      .output(nothing),
  },
  streamKeys: {
    create: route('POST', '/stream-keys', 'Stream keys', 'Create a stream key; the secret is shown once', 201)
      .input(streamKeyCreateInput)
      .output(streamKeyCreated),
    list: route('GET', '/stream-keys', 'Stream keys', 'Own stream keys, without secrets').output(
      z.object({ items: z.array(streamKey) }),
    ),
    rotate: route(
      'POST',
      '/stream-keys/{id}/rotate',
      'Stream keys',
      'Replace the secret; the old one stops working at once',
    )
      .input(byId)
      .output(streamKeyCreated),
    revoke: route('DELETE', '/stream-keys/{id}', 'Stream keys', 'Revoke; a running publish is dropped')
      .input(byId)
      .output(nothing),
  },
  sessions: {
    create: route(
      'POST',
      '/sessions',
      'Sessions',
      'Prepare a session; the next publish goes live with it',
      201,
    )
      .input(sessionCreateInput)
      .output(session),
    update: route('PATCH', '/sessions/{id}', 'Sessions', 'Change title, description, tags')
      .input(sessionUpdateInput)
      .output(session),
    list: route('GET', '/sessions', 'Sessions', 'Sessions on air or recordings')
      .input(sessionListInput)
      .output(sessionList),
    get: route('GET', '/sessions/{id}', 'Sessions', 'One session').input(byId).output(session),
    end: route('POST', '/sessions/{id}/end', 'Sessions', 'End the session for good')
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
  },
  channels: {
    get: route('GET', '/channels/{username}', 'Channels', 'Who it is, what is on air, what was recorded last')
      .input(z.object({ username: z.string().max(30) }))
      .output(channel),
  },
};
export type Contract = typeof contract;
