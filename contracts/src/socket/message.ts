import type { z } from 'zod';

/** Whom a message is taken from: anybody who is connected, or only those who showed an access token. */
export type MessageAccess = 'anybody' | 'signedIn';

/** What a client may send, and what it is answered with. */
export interface MessageContract<A extends MessageAccess, I extends z.ZodType, O extends z.ZodType> {
  readonly access: A;
  readonly input: I;
  readonly output: O;
  /** What one message counts against the limits of its socket and its user; see `socketLimits`. */
  readonly cost: number;
  /** Largest payload, in bytes of its JSON. */
  readonly maxBytes: number;
}

/** A packet may be this large, in bytes; the connection of a larger one is closed. */
export const maxPacketBytes = 65_536;
const usualMaxBytes = 16_384;

/** One entry of a feature's messages. A message costs 1 and has 16 KiB at most unless it says otherwise. */
export function message<A extends MessageAccess, I extends z.ZodType, O extends z.ZodType>(
  spec: Pick<MessageContract<A, I, O>, 'access' | 'input' | 'output'> &
    Partial<Pick<MessageContract<A, I, O>, 'cost' | 'maxBytes'>>,
): MessageContract<A, I, O> {
  return { cost: 1, maxBytes: usualMaxBytes, ...spec };
}
