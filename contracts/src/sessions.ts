import { z } from 'zod';
import { isoDate, playbackId, renditionId, sessionId, userId } from './ids.ts';
import { tags } from './tags.ts';
import { shownLine, shownText } from './texts.ts';
import { viewership } from './viewing.ts';
import { faultOwner } from './errors.ts';

export const sessionState = z.enum(['idle', 'starting', 'live', 'interrupted', 'ending', 'ended', 'failed']);
export type SessionState = z.infer<typeof sessionState>;
export const sessionType = z.enum(['video', 'audio']);
export type SessionType = z.infer<typeof sessionType>;

/** Why a session ended or failed; stored, and shown to its broadcaster. */
export const endReason = z.enum([
  'hostEnded',
  'moderatorEnded',
  'sourceGone',
  'unsupportedCodec',
  'noMedia',
  'encoderFailed',
  'neverStarted',
  'workerLost',
  'storageFailed',
]);
export type EndReason = z.infer<typeof endReason>;

/** One thing the broadcaster should know, with a fixed code so that it can be translated. */
export const healthWarning = z.object({
  code: z.enum([
    'unsupportedVideoCodec',
    'unsupportedAudioCodec',
    'extraTrackIgnored',
    /** The session has sound alone. */
    'pictureIgnored',
    'noAudio',
    'noVideo',
    'variableFrameRate',
    'keyFrameIntervalTooLong',
    'clockJumped',
    'resolutionChanged',
    'sourceStalled',
    /** Of the last seconds' frames too many never came, came late, or came and could be shown to nobody. */
    'framesMissing',
    'framesLate',
    'framesDropped',
    'renditionsDropped',
    'waitingForCapacity',
    'encoderTooSlow',
    'encoderRestarted',
    'storageBehind',
    'recordingIncomplete',
    /** The picture is encoded anew for sub-second viewers: it has B-frames, or is H.264 that browsers don't take in WebRTC. */
    'bFrames',
    'notWebRtcSafe',
    /** It comes in a codec that not every viewer can play. */
    'videoEncodedAnew',
  ]),
  owner: faultOwner,
  /** A plain English sentence with the numbers at hand. */
  message: z.string().max(500),
  since: isoDate,
});
export type HealthWarning = z.infer<typeof healthWarning>;

/**
 * The frames of a publisher in the last seconds. Those that never came are seen by its own timestamps against its own frame
 * rate: its encoder lagged and skipped them, or dropped them for want of network. An encoder that shows a frame twice in place
 * of a skipped one, as OBS does when it lags, is not found out.
 */
export const frameCounts = z.object({
  /** Of so many seconds. */
  windowSec: z.number().min(0),
  received: z.int().min(0),
  /** Null while the source keeps no rate. */
  missing: z.int().min(0).nullable(),
  /** Came more than half a second later than in time, as the quicker frames of the last ten seconds were. */
  late: z.int().min(0),
  /** How late the slowest of them came. */
  mostLateMs: z.int().min(0),
  /** Came, and were left out here: before a key frame, or in an encoder of ours that had to be replaced. */
  dropped: z.int().min(0),
});
export type FrameCounts = z.infer<typeof frameCounts>;

/** The state of a stream as its broadcaster sees it (units in the names). */
export const streamHealth = z.object({
  at: isoDate,
  video: z
    .object({
      codec: z.string(),
      width: z.int(),
      height: z.int(),
      frameRate: z.number(),
      keyFrameIntervalSec: z.number().nullable(),
    })
    .nullable(),
  /** Null without pictures. */
  frames: frameCounts.nullable().default(null),
  audio: z.object({ codec: z.string(), sampleRateHz: z.int(), channels: z.int() }).nullable(),
  inputBitrateBps: z.int(),
  /** Encoder's speed against real time, 1 = keeps up. */
  encoderSpeed: z.number().nullable(),
  renditions: z.array(renditionId),
  /** Bytes of the recording not yet stored. */
  uploadLagBytes: z.int(),
  warnings: z.array(healthWarning).max(30),
});
export type StreamHealth = z.infer<typeof streamHealth>;

/** Who may watch: everybody, who finds it in lists; everybody who knows its id; those whom the host lets in. */
export const sessionVisibility = z.enum(['public', 'unlisted', 'private']);
export type SessionVisibility = z.infer<typeof sessionVisibility>;
/** Whom a private session lets in: those who were invited, or the host's followers, too. */
export const privateFor = z.enum(['invited', 'followers']);

/**
 * How the people of a stage stand in the composed picture: side by side, or the host large with the others beside. A shared
 * screen is large in both.
 */
export const stageLayout = z.enum(['grid', 'spotlight']);
export type StageLayout = z.infer<typeof stageLayout>;

const title = shownLine(140);
const description = shownText(2_000);
export const sessionCreateInput = z.object({
  title,
  description: description.default(''),
  type: sessionType.default('video'),
  category: z.string().trim().toLowerCase().min(1).max(40).nullable().default(null),
  tags: tags.default([]),
  visibility: sessionVisibility.default('public'),
  privateFor: privateFor.default('invited'),
  stageLayout: stageLayout.default('grid'),
  scheduledStartAt: isoDate.nullable().default(null),
});
export const sessionUpdateInput = z.object({
  id: sessionId,
  title: title.optional(),
  description: description.optional(),
  category: z.string().trim().toLowerCase().min(1).max(40).nullable().optional(),
  tags: tags.optional(),
  visibility: sessionVisibility.optional(),
  privateFor: privateFor.optional(),
  stageLayout: stageLayout.optional(),
  scheduledStartAt: isoDate.nullable().optional(),
});

export const publicUser = z.object({ id: userId, username: z.string(), displayName: z.string() });

/**
 * How to watch: the same URL serves the live session, its past (DVR) and afterwards the recording. Those of a private session
 * hold a token of whoever asked (`POST /sessions/{id}/playback`); in events, which are the same for all, they have none and
 * play nothing.
 */
export const playback = z.object({
  playbackId,
  hlsUrl: z.string(),
  /** False until the first part can be played. */
  playable: z.boolean(),
  posterUrl: z.string().nullable(),
  storyboardUrl: z.string().nullable(),
});

/** How somebody plays a session for now. */
export const playbackGranted = z.object({
  playback,
  /**
   * Until when the addresses are good, unless something is asked of them until then or this route is asked again; the same
   * addresses go on. Null for a session that isn't private: for ever.
   */
  expiresAt: isoDate.nullable(),
  /** When to ask again while nothing is played. */
  renewAfterSec: z.int(),
});
export type PlaybackGranted = z.infer<typeof playbackGranted>;

/**
 * What is there of a session that is over. `hidden`: by a moderator, who may show it again; moderators and admins alone play it.
 * `deleted`: by its host or a moderator, for good.
 */
export const recordingState = z.enum(['none', 'available', 'hidden', 'deleted']);

export const session = z.object({
  id: sessionId,
  host: publicUser,
  title: z.string(),
  description: z.string(),
  type: sessionType,
  category: z.string().nullable(),
  tags: z.array(z.string()),
  visibility: sessionVisibility,
  /** Means something while the session is private. */
  privateFor,
  stageLayout,
  state: sessionState,
  endReason: endReason.nullable(),
  scheduledStartAt: isoDate.nullable(),
  createdAt: isoDate,
  startedAt: isoDate.nullable(),
  endedAt: isoDate.nullable(),
  durationMs: z.int().nullable(),
  viewers: viewership,
  recording: recordingState,
  playback,
});
export type Session = z.infer<typeof session>;

/**
 * `scheduled`: those that are to begin, the next one first; of those that are late, an hour at most. Private sessions are among
 * them for whom they let in.
 */
export const sessionListInput = z
  .object({
    state: z.enum(['live', 'scheduled', 'ended']).default('live'),
    type: sessionType.optional(),
    category: z.string().trim().toLowerCase().max(40).optional(),
    /** Compared as people would: without case, accents, vowel signs and forms of letters. */
    tag: z.string().trim().max(60).optional(),
    host: z.string().max(30).optional(),
    /**
     * Words, of title, description, tags and the host's names; all of them are in it. A text of words of one or two letters alone
     * is looked for among the tags.
     */
    search: z.string().trim().max(100).optional(),
    /** By when they were made or began, the newest first; or by who watches now, of live ones, the most first. */
    sort: z.enum(['recent', 'started', 'viewers']).default('recent'),
    /** Opaque, from the previous page's `nextCursor`. */
    cursor: z.string().max(200).optional(),
    limit: z.coerce.number().int().min(1).max(100).default(20),
  })
  .refine(({ state, sort }) => sort !== 'viewers' || state === 'live', {
    path: ['sort'],
    message: 'viewers is for live sessions',
  });
export type SessionListInput = z.infer<typeof sessionListInput>;
export const sessionList = z.object({ items: z.array(session), nextCursor: z.string().nullable() });

/** A channel: the live session of a user, or what was last recorded. */
export const channel = z.object({
  user: publicUser,
  live: session.nullable(),
  latestRecording: session.nullable(),
});
