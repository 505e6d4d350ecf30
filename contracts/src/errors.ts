import { z } from 'zod';

/** Who has to act on a media fault: the publisher, a place we send to, or we. */
export const faultOwner = z.enum(['source', 'destination', 'internal']);
export type FaultOwner = z.infer<typeof faultOwner>;

/**
 * The one table of errors: code → HTTP status, whether a retry of the same request can succeed, and log level.
 * Used by HTTP, sockets and RPC alike; a code that isn't here can't leave a service.
 */
export const errorTable = {
  validation_failed: { status: 422, retry: false, logLevel: 'info', message: 'The request is not valid.' },
  bad_request: {
    status: 400,
    retry: false,
    logLevel: 'info',
    message: 'The request could not be understood.',
  },
  unauthenticated: { status: 401, retry: false, logLevel: 'info', message: 'Sign in first.' },
  invalid_credentials: {
    status: 401,
    retry: false,
    logLevel: 'info',
    message: 'The name or the password is wrong.',
  },
  code_invalid: {
    status: 401,
    retry: false,
    logLevel: 'info',
    message: 'The code is wrong or no longer good.',
  },
  second_factor_required: {
    status: 401,
    retry: false,
    logLevel: 'info',
    message: 'A code of the second factor is needed to sign in.',
  },
  token_expired: { status: 401, retry: true, logLevel: 'debug', message: 'The token has expired.' },
  token_invalid: { status: 401, retry: false, logLevel: 'info', message: 'The token is not valid.' },
  token_reused: {
    status: 401,
    retry: false,
    logLevel: 'warn',
    message: 'The refresh token was used before; sign in again.',
  },
  email_not_verified: {
    status: 403,
    retry: false,
    logLevel: 'info',
    message: 'The email address of this account is not verified.',
  },
  link_required: {
    status: 409,
    retry: false,
    logLevel: 'info',
    message: 'An account with this email address exists: sign in to it and link the other one there.',
  },
  last_way_in: {
    status: 409,
    retry: false,
    logLevel: 'info',
    message: 'Nobody could sign in to the account any more: set a password or another way first.',
  },
  reauthentication_required: {
    status: 403,
    retry: false,
    logLevel: 'info',
    message: 'Sign in again first: this needs a sign-in of the last 15 minutes.',
  },
  forbidden: { status: 403, retry: false, logLevel: 'info', message: 'You may not do this.' },
  messages_refused: {
    status: 403,
    retry: false,
    logLevel: 'info',
    message: 'This person takes no messages from you.',
  },
  session_private: {
    status: 403,
    retry: false,
    logLevel: 'info',
    message: 'This session is private: its host has to let you in.',
  },
  chat_banned: {
    status: 403,
    retry: false,
    logLevel: 'info',
    message: 'You can not write here: the host has banned you.',
  },
  chat_muted: {
    status: 403,
    retry: false,
    logLevel: 'info',
    message: 'You can not write here now: a moderator has muted you.',
  },
  chat_kicked: {
    status: 403,
    retry: false,
    logLevel: 'info',
    message: 'A moderator has put you out of this session.',
  },
  chat_followers_only: {
    status: 403,
    retry: false,
    logLevel: 'info',
    message: 'Only followers of the host write here.',
  },
  chat_subscribers_only: {
    status: 403,
    retry: false,
    logLevel: 'info',
    message: 'Only subscribers of the host write here.',
  },
  chat_verified_only: {
    status: 403,
    retry: false,
    logLevel: 'info',
    message: 'Only people with a verified phone number or Google account write here.',
  },
  chat_slow_mode: {
    status: 429,
    retry: true,
    logLevel: 'info',
    message: 'Slow mode is on: wait a little before the next message.',
  },
  chat_emoji_only: {
    status: 422,
    retry: false,
    logLevel: 'info',
    message: 'Only emoji can be written here.',
  },
  chat_links_off: {
    status: 422,
    retry: false,
    logLevel: 'info',
    message: 'Links can not be written here.',
  },
  chat_word_banned: {
    status: 422,
    retry: false,
    logLevel: 'info',
    message: 'The message contains a word that is not allowed here.',
  },
  chat_refused: {
    status: 422,
    retry: false,
    logLevel: 'info',
    message: 'This can not be written here.',
  },
  chat_unchecked: {
    status: 503,
    retry: true,
    logLevel: 'info',
    message: 'The message could not be checked; try again in a moment.',
  },
  chat_too_long: {
    status: 422,
    retry: false,
    logLevel: 'info',
    message: 'The message is too long.',
  },
  chat_duplicate: {
    status: 409,
    retry: false,
    logLevel: 'info',
    message: 'The same was written a moment ago.',
  },
  account_banned: { status: 403, retry: false, logLevel: 'info', message: 'This account is banned.' },
  stream_key_refused: {
    status: 403,
    retry: false,
    logLevel: 'info',
    message: 'The stream key is not valid.',
  },
  not_found: { status: 404, retry: false, logLevel: 'info', message: 'There is no such thing here.' },
  method_not_allowed: {
    status: 405,
    retry: false,
    logLevel: 'info',
    message: 'This method is not supported here.',
  },
  conflict: {
    status: 409,
    retry: false,
    logLevel: 'info',
    message: 'The request contradicts the present state.',
  },
  already_taken: { status: 409, retry: false, logLevel: 'info', message: 'This name is already taken.' },
  insufficient_funds: {
    status: 409,
    retry: false,
    logLevel: 'info',
    message: 'There are not enough coins for this.',
  },
  idempotency_conflict: {
    status: 409,
    retry: false,
    logLevel: 'info',
    message: 'Something else was asked for under this idempotency key before.',
  },
  wrong_state: {
    status: 409,
    retry: false,
    logLevel: 'info',
    message: 'The session is not in a state for this.',
  },
  push_not_set_up: {
    status: 409,
    retry: false,
    logLevel: 'info',
    message: 'Pushes of this kind are not set up here.',
  },
  precondition_failed: {
    status: 412,
    retry: false,
    logLevel: 'info',
    message: 'What the request builds on has changed meanwhile.',
  },
  payload_too_large: { status: 413, retry: false, logLevel: 'info', message: 'The request is too large.' },
  unsupported_media_type: {
    status: 415,
    retry: false,
    logLevel: 'info',
    message: 'This content type is not supported.',
  },
  precondition_required: {
    status: 428,
    retry: false,
    logLevel: 'info',
    message: 'The request must say what it builds on (If-Match).',
  },
  rate_limited: {
    status: 429,
    retry: true,
    logLevel: 'info',
    message: 'Too many requests; try again later.',
  },
  internal: { status: 500, retry: false, logLevel: 'error', message: 'Something went wrong on our side.' },
  unavailable: { status: 503, retry: true, logLevel: 'warn', message: 'This is not available right now.' },
  overloaded: { status: 503, retry: true, logLevel: 'warn', message: 'There is no capacity right now.' },
  timeout: { status: 503, retry: true, logLevel: 'info', message: 'This took too long.' },
} as const;

export type ErrorCode = keyof typeof errorTable;
const codes = Object.keys(errorTable) as [ErrorCode, ...ErrorCode[]];
export const errorCode = z.enum(codes);

/** The one error shape every service answers with. */
export const errorBody = z.object({
  error: z.object({
    code: errorCode,
    message: z.string(),
    /** For `validation_failed`: a list of `{path, message}`. */
    details: z.unknown().optional(),
    requestId: z.string().optional(),
  }),
});
export type ErrorBody = z.infer<typeof errorBody>;
