import { z } from 'zod';
import { analyticsContract } from './analytics.contract.ts';
import { auditContract } from './audit.contract.ts';
import { adminContract } from './admin.contract.ts';
import { accessContract } from './access.contract.ts';
import { categoriesContract } from './categories.contract.ts';
import { bansContract } from './bans.contract.ts';
import { bannedWordsContract, chatContract } from './chat.contract.ts';
import { conversationsContract } from './conversations.contract.ts';
import { messagesContract } from './messages.contract.ts';
import {
  accountUpdateInput,
  googleInput,
  loginInput,
  logoutInput,
  me,
  passwordChangeInput,
  phoneInput,
  phoneProofInput,
  phoneSent,
  phoneSignInInput,
  refreshInput,
  registerInput,
  signIn,
  signedIn,
  tokenPair,
} from './identity.ts';
import { emailContract } from './email.contract.ts';
import { giftsContract } from './gifts.contract.ts';
import { notificationsContract } from './notifications.contract.ts';
import { moderationContract, platformModerationContract } from './moderation.contract.ts';
import { mediaContract } from './media.contract.ts';
import {
  accountPage,
  pageInput,
  pageOfUserInput,
  relation,
  userById,
  userByName,
  userListInput,
  userPage,
  userProfile,
  userSearchInput,
  userSearchPage,
} from './people.ts';
import { presenceContract } from './presence.ts';
import { personalDataContract } from './personalData.contract.ts';
import { pushContract } from './push.contract.ts';
import { remindersContract } from './reminders.contract.ts';
import { reportsContract } from './reports.contract.ts';
import { restreamContract } from './restream.contract.ts';
import { byId, nothing, route } from './route.ts';
import { channelsContract, sessionsContract } from './sessions.contract.ts';
import { stageHealth } from './stage/health.ts';
import {
  seat,
  seatOfInput,
  stageGetOutput,
  stageInviteInput,
  stageJoinInput,
  stageJoinOutput,
  stageMuteInput,
  stagePeerInput,
} from './stage/seats.ts';
import { secondFactorContract } from './secondFactor.contract.ts';
import { statusesContract } from './statuses.contract.ts';
import { viewingContract } from './viewing.contract.ts';
import { streamKey, streamKeyCreateInput, streamKeyCreated } from './streamKeys.ts';
import { subscribersContract } from './subscribers.contract.ts';
import { moneyContract, walletContract } from './wallet.contract.ts';
import { webhooksContract } from './webhooks.contract.ts';

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
    revokeOtherSignIns: route('DELETE', '/auth/sign-ins', 'Identity', 'Sign all other devices out').output(
      z.object({ ended: z.int() }),
    ),
    changePassword: route(
      'POST',
      '/auth/password',
      'Identity',
      'Change the password; all other devices are signed out',
    )
      .input(passwordChangeInput)
      .output(nothing),
    sendPhoneCode: route('POST', '/auth/otp', 'Identity', 'Send a code to a phone number')
      .input(phoneInput)
      .output(phoneSent),
    verifyPhoneCode: route(
      'POST',
      '/auth/otp/verify',
      'Identity',
      'Sign in with the code; the first time makes an account',
    )
      .input(phoneSignInInput)
      .output(signedIn),
    google: route(
      'POST',
      '/auth/google',
      'Identity',
      'Sign in with an ID token of Google; the first time makes an account',
    )
      .input(googleInput)
      .output(signedIn),
  },
  account: {
    ...emailContract,
    setPhone: route(
      'POST',
      '/account/phone',
      'Account',
      'Take a phone number that a code proves as one’s own',
    )
      .input(phoneProofInput)
      .output(me),
    removePhone: route(
      'DELETE',
      '/account/phone',
      'Account',
      'Forget the phone number, soon after signing in',
    ).output(me),
    linkGoogle: route('POST', '/account/google', 'Account', 'Let a Google account sign in to this one')
      .input(googleInput)
      .output(me),
    unlinkGoogle: route(
      'DELETE',
      '/account/google',
      'Account',
      'Unlink the Google account, soon after signing in',
    ).output(me),
    update: route('PATCH', '/account', 'Account', 'Change profile and settings')
      .input(accountUpdateInput)
      .output(me),
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
  sessions: sessionsContract,
  stage: {
    join: route(
      'POST',
      '/sessions/{id}/join',
      'Stage',
      'A join token for the room: to watch within a second, or to go on stage as host or co-host',
    )
      .input(stageJoinInput)
      .output(stageJoinOutput),
    get: route('GET', '/sessions/{id}/stage', 'Stage', 'Who is on stage, and one’s own seat')
      .input(byId)
      .output(stageGetOutput),
    request: route('POST', '/sessions/{id}/stage/seat', 'Stage', 'Ask to come on stage')
      .input(byId)
      .output(seat),
    accept: route('POST', '/sessions/{id}/stage/seat/accept', 'Stage', 'Accept the host’s invitation')
      .input(byId)
      .output(seat),
    decline: route('POST', '/sessions/{id}/stage/seat/decline', 'Stage', 'Decline the host’s invitation')
      .input(byId)
      .output(seat),
    leave: route('DELETE', '/sessions/{id}/stage/seat', 'Stage', 'Leave the stage, or take the request back')
      .input(byId)
      .output(seat),
    seats: route(
      'GET',
      '/sessions/{id}/stage/seats',
      'Stage',
      'Requests, invitations and taken seats, for the host and moderators',
    )
      .input(byId)
      .output(z.object({ items: z.array(seat) })),
    invite: route('POST', '/sessions/{id}/stage/seats', 'Stage', 'Invite somebody on stage')
      .input(stageInviteInput)
      .output(seat),
    admit: route('POST', '/sessions/{id}/stage/seats/{userId}/accept', 'Stage', 'Accept a request')
      .input(seatOfInput)
      .output(seat),
    reject: route('POST', '/sessions/{id}/stage/seats/{userId}/decline', 'Stage', 'Decline a request')
      .input(seatOfInput)
      .output(seat),
    remove: route(
      'DELETE',
      '/sessions/{id}/stage/seats/{userId}',
      'Stage',
      'Remove a co-host, or take an invitation back',
    )
      .input(seatOfInput)
      .output(seat),
    mute: route(
      'POST',
      '/sessions/{id}/stage/peers/{peerId}/mute',
      'Stage',
      'Mute or unmute somebody on stage',
    )
      .input(stageMuteInput)
      .output(nothing),
    removePeer: route(
      'DELETE',
      '/sessions/{id}/stage/peers/{peerId}',
      'Stage',
      'Put a device out of the room',
    )
      .input(stagePeerInput)
      .output(nothing),
    health: route(
      'GET',
      '/sessions/{id}/stage/health',
      'Stage',
      'How well the people on stage arrive, for the host and moderators',
    )
      .input(byId)
      .output(stageHealth),
  },
  bans: bansContract,
  people: {
    get: route('GET', '/users/{id}', 'People', 'Somebody’s profile').input(userById).output(userProfile),
    search: route('GET', '/users/search', 'People', 'Find people: exact names first, then similar ones')
      .input(userSearchInput)
      .output(userSearchPage),
    list: route('GET', '/admin/users', 'People', 'All users, the newest first, for admins')
      .input(userListInput)
      .output(accountPage),
    getByName: route('GET', '/users/by-name/{username}', 'People', 'Somebody’s profile, by username')
      .input(userByName)
      .output(userProfile),
    followers: route('GET', '/users/{id}/followers', 'People', 'Who follows somebody, the newest first')
      .input(pageOfUserInput)
      .output(userPage),
    following: route('GET', '/users/{id}/following', 'People', 'Whom somebody follows, the newest first')
      .input(pageOfUserInput)
      .output(userPage),
    follow: route('POST', '/users/{id}/follow', 'People', 'Follow somebody').input(userById).output(relation),
    unfollow: route('DELETE', '/users/{id}/follow', 'People', 'Follow somebody no more')
      .input(userById)
      .output(relation),
    contacts: route('GET', '/me/contacts', 'People', 'Own contacts, the newest first')
      .input(pageInput)
      .output(userPage),
    addContact: route('POST', '/users/{id}/contact', 'People', 'Keep somebody as a contact; they aren’t told')
      .input(userById)
      .output(relation),
    removeContact: route('DELETE', '/users/{id}/contact', 'People', 'Remove a contact')
      .input(userById)
      .output(relation),
  },
  presence: presenceContract,
  subscribers: subscribersContract,
  blocks: {
    create: route(
      'POST',
      '/users/{id}/block',
      'People',
      'Block somebody: both are hidden from each other and follow each other no more',
    )
      .input(userById)
      .output(nothing),
    remove: route('DELETE', '/users/{id}/block', 'People', 'Unblock somebody')
      .input(userById)
      .output(nothing),
    list: route('GET', '/me/blocks', 'People', 'Whom one blocks, the newest first')
      .input(pageInput)
      .output(userPage),
  },
  analytics: analyticsContract,
  audit: auditContract,
  chat: chatContract,
  viewing: viewingContract,
  access: accessContract,
  categories: categoriesContract,
  bannedWords: bannedWordsContract,
  conversations: conversationsContract,
  messages: messagesContract,
  personalData: personalDataContract,
  notifications: notificationsContract,
  media: mediaContract,
  moderation: moderationContract,
  reminders: remindersContract,
  reports: reportsContract,
  platformModeration: platformModerationContract,
  push: pushContract,
  restream: restreamContract,
  secondFactor: secondFactorContract,
  statuses: statusesContract,
  wallet: walletContract,
  gifts: giftsContract,
  money: moneyContract,
  webhooks: webhooksContract,
  admin: adminContract,
  channels: channelsContract,
};
export type Contract = typeof contract;
