import { z } from 'zod';
import { latinDigits } from './foldText.ts';
import { isoDate, userId, username } from './ids.ts';
import { mediaId, picture } from './media.ts';
import { shownLine, shownText } from './texts.ts';

export const role = z.enum(['user', 'moderator', 'admin']);
export type Role = z.infer<typeof role>;

/** Passwords are stored with Argon2id; 200 characters bound the work of a hash. */
export const password = z.string().min(10).max(200);
export const email = z.string().trim().toLowerCase().pipe(z.email().max(254));

/** Of others' making, too: names of Google accounts are made into one. */
export const displayName = shownLine(60);
/** Shown in the list of signed-in devices. Absent: made from the user agent. */
export const deviceName = shownLine(60).optional();

export const registerInput = z.object({
  username,
  email,
  password,
  displayName: displayName.optional(),
  deviceName,
});
export const loginInput = z.object({
  /** Email address or username. */
  login: z.string().trim().min(1).max(254),
  password: z.string().min(1).max(200),
  deviceName,
});
export const googleInput = z.object({
  /** Google's ID token (a JWT), as its client libraries give it. */
  idToken: z.string().min(20).max(8_000),
  deviceName,
});
/** In international form, with the plus sign; spaces and dashes don't matter. */
const phone = z.string().trim().min(5).max(40);
/** Six digits; Arabic-Indic ones, too. */
export const phoneCode = z
  .string()
  .trim()
  .overwrite(latinDigits)
  .regex(/^\d{6}$/);
export const phoneInput = z.object({ phone });
export const phoneSent = z.object({
  /** How long the code can be used. */
  expiresInSec: z.int(),
  /** After how long another one can be asked for. */
  resendAfterSec: z.int(),
});
export const phoneProofInput = z.object({ phone, code: phoneCode });
export const phoneSignInInput = phoneProofInput.extend({ deviceName });
export const passwordChangeInput = z.object({
  /** Absent for an account without one, which has to have signed in within 15 minutes. */
  currentPassword: z.string().min(1).max(200).optional(),
  newPassword: password,
});
export const refreshInput = z.object({ refreshToken: z.string().min(20).max(400) });
export const logoutInput = refreshInput;

export const language = z.enum(['ar', 'en']);
export const theme = z.enum(['system', 'light', 'dark']);
/** Whom somebody lets do or see something: those they follow, those they have as a contact. */
export const audience = z.enum(['everyone', 'followed', 'contacts', 'nobody']);
export type Audience = z.infer<typeof audience>;

export const privacy = z.object({
  /** Who may begin a conversation with the user. */
  messagesFrom: audience,
  /** Who sees whether the user is online and was last. */
  presenceFor: audience,
  /** Whether a search for the exact email address or phone number finds the user. */
  foundByEmail: z.boolean(),
  foundByPhone: z.boolean(),
});

/** What only the user sees of their account. */
export const me = z.object({
  id: userId,
  username,
  email: z.string().nullable(),
  /** A code, or Google, has proved the address as the user's own; only then it can find them. */
  emailVerified: z.boolean(),
  /** E.164. */
  phone: z.string().nullable(),
  displayName: z.string(),
  bio: z.string(),
  avatar: picture.nullable(),
  cover: picture.nullable(),
  role,
  /** Null: as the browser says. */
  language: language.nullable(),
  theme,
  privacy,
  hasPassword: z.boolean(),
  hasGoogle: z.boolean(),
  hasSecondFactor: z.boolean(),
  createdAt: isoDate,
});
export type Me = z.infer<typeof me>;

/** What is absent stays as it is. */
export const accountUpdateInput = z.object({
  username: username.optional(),
  displayName: displayName.optional(),
  bio: shownText(500).optional(),
  /** An uploaded file of this purpose; null: none. The one before is deleted. */
  avatarMediaId: mediaId.nullable().optional(),
  coverMediaId: mediaId.nullable().optional(),
  language: language.nullable().optional(),
  theme: theme.optional(),
  privacy: privacy.partial().optional(),
});
export type AccountUpdate = z.infer<typeof accountUpdateInput>;

export const tokenPair = z.object({
  accessToken: z.string(),
  /** Seconds until the access token expires. */
  expiresInSec: z.int(),
  refreshToken: z.string(),
});
export type TokenPair = z.infer<typeof tokenPair>;
export const signedIn = tokenPair.extend({ user: me });

/** One signed-in device: a family of rotating refresh tokens. */
export const signIn = z.object({
  id: z.uuid(),
  createdAt: isoDate,
  lastUsedAt: isoDate,
  userAgent: z.string().nullable(),
  /** As the client called it, or browser and system. */
  deviceName: z.string().nullable(),
  current: z.boolean(),
});

/** Claims of an access token (JWT, HS256, `ACCESS_TOKEN_SECRET`). */
export const accessClaims = z.object({
  sub: userId,
  role,
  /** Id of the sign-in (refresh token family). */
  sid: z.uuid(),
  exp: z.int(),
  iat: z.int(),
});
export type AccessClaims = z.infer<typeof accessClaims>;
