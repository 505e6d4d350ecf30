import { mediaSource } from '@maydan/contracts';
import type { MediaSource, SfuCommand, StageRole } from '@maydan/contracts';

/** Whom a command is about: one device, or all of a person's. */
export type Whom = Extract<SfuCommand, { type: 'mutePeer' }>['whom'];

/** Whom a removal is about: also all who only watch, or a person as somebody on stage. */
export type Removed = Extract<SfuCommand, { type: 'removePeer' }>['whom'];

export interface Somebody {
  readonly peerId: string;
  readonly userId: string | null;
}

export function isAbout(whom: Whom, { peerId, userId }: Somebody): boolean {
  return 'peerId' in whom ? whom.peerId === peerId : whom.userId === userId;
}

export function isRemoved(whom: Removed, somebody: Somebody & { readonly role: StageRole }): boolean {
  if (!('role' in whom)) return isAbout(whom, somebody);
  return whom.role === somebody.role && (!('userId' in whom) || whom.userId === somebody.userId);
}

/** Who is muted in a room, also for what they begin to send later. */
export class Mutes {
  /** By what was said: person and source. */
  readonly #mutes = new Map<string, { whom: Whom; source: MediaSource | null }>();

  /** `source` null: everything; allowing everything again takes back what was said of single sources. */
  set(whom: Whom, source: MediaSource | null, muted: boolean): void {
    const keyOf = (which: MediaSource | null): string => JSON.stringify([whom, which]);
    if (muted) this.#mutes.set(keyOf(source), { whom, source });
    else if (source !== null) this.#mutes.delete(keyOf(source));
    else for (const which of [null, ...mediaSource.options]) this.#mutes.delete(keyOf(which));
  }

  get all(): { whom: Whom; source: MediaSource | null }[] {
    return [...this.#mutes.values()];
  }

  has(somebody: Somebody, source: MediaSource): boolean {
    return [...this.#mutes.values()].some(
      (mute) => (mute.source === null || mute.source === source) && isAbout(mute.whom, somebody),
    );
  }
}
