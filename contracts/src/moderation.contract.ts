import { z } from 'zod';
import {
  accountBan,
  accountBanInput,
  accountUnbanInput,
  chatMute,
  chatMuteInput,
  kickInput,
  messageDeleteInput,
  recordingSanctionInput,
  recordingShowInput,
  streamKeyDisableInput,
} from './moderation.ts';
import { pageInput, userById, userPage } from './people.ts';
import { byId, nothing, route } from './route.ts';
import { session } from './sessions.ts';
import { seatOfInput } from './stage/seats.ts';
import { streamKey } from './streamKeys.ts';

const tag = 'Moderation';

/** Sanctions in a session, by its host, the host's room moderators, moderators and admins. */
export const moderationContract = {
  mute: route(
    'POST',
    '/sessions/{id}/chat/mutes',
    tag,
    'Let somebody write in the chat no more: for a time (a time-out), or until it is lifted; again it is changed',
    201,
  )
    .input(chatMuteInput)
    .output(chatMute),
  mutes: route('GET', '/sessions/{id}/chat/mutes', tag, 'Who may not write in the chat')
    .input(byId)
    .output(z.object({ items: z.array(chatMute) })),
  unmute: route('DELETE', '/sessions/{id}/chat/mutes/{userId}', tag, 'Let somebody write again')
    .input(seatOfInput)
    .output(nothing),
  kick: route(
    'POST',
    '/sessions/{id}/kicks',
    tag,
    'Put somebody out of chat, room, stage and playback at once; they may come back, to HLS after 30 s',
  )
    .input(kickInput)
    .output(nothing),
  moderators: route('GET', '/me/moderators', tag, 'Who moderates one’s rooms, the newest first')
    .input(pageInput)
    .output(userPage),
  appoint: route('PUT', '/me/moderators/{id}', tag, 'Have somebody moderate all rooms of one’s sessions')
    .input(userById)
    .output(nothing),
  dismiss: route('DELETE', '/me/moderators/{id}', tag, 'Have somebody moderate one’s rooms no more')
    .input(userById)
    .output(nothing),
};

/** Sanctions of the platform, by moderators and admins. */
export const platformModerationContract = {
  ban: route(
    'POST',
    '/admin/users/{id}/ban',
    tag,
    'Ban or suspend an account: it is signed out, its sessions end; again it is changed',
    201,
  )
    .input(accountBanInput)
    .output(accountBan),
  getBan: route('GET', '/admin/users/{id}/ban', tag, 'Why and until when an account is banned')
    .input(userById)
    .output(accountBan),
  unban: route('DELETE', '/admin/users/{id}/ban', tag, 'Let an account in again')
    .input(accountUnbanInput)
    .output(nothing),
  clearTraces: route(
    'DELETE',
    '/admin/users/{id}/ban/traces',
    tag,
    'Let guests in again from the devices and addresses of a ban; the account stays banned',
  )
    .input(userById)
    .output(nothing),
  streamKeys: route('GET', '/admin/users/{id}/stream-keys', tag, 'Somebody’s stream keys, without secrets')
    .input(userById)
    .output(z.object({ items: z.array(streamKey) })),
  disableStreamKey: route(
    'POST',
    '/admin/stream-keys/{id}/disable',
    tag,
    'Revoke somebody’s stream key; a running publish is dropped, and they are told',
  )
    .input(streamKeyDisableInput)
    .output(streamKey),
  deleteMessage: route(
    'DELETE',
    '/admin/messages/{id}',
    tag,
    'Delete a message of a conversation that was reported, unless the report was dismissed; its place stays, empty',
  )
    .input(messageDeleteInput)
    .output(nothing),
  hideRecording: route(
    'POST',
    '/admin/sessions/{id}/recording/hide',
    tag,
    'Let nobody else play or find a recording from now on; its host is told. Again it changes nothing',
  )
    .input(recordingSanctionInput)
    .output(session),
  showRecording: route(
    'POST',
    '/admin/sessions/{id}/recording/show',
    tag,
    'Show a hidden recording again; its host is told',
  )
    .input(recordingShowInput)
    .output(session),
  deleteRecording: route(
    'DELETE',
    '/admin/sessions/{id}/recording',
    tag,
    'Delete somebody’s recording for good; its host is told',
  )
    .input(recordingSanctionInput)
    .output(session),
};
