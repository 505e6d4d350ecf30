import type { Session } from '@maydan/prisma';

type Shut = Pick<Session, 'visibility' | 'hiddenAt' | 'recordingDeletedAt'>;

/** Whether tokens with a lease alone play it: it is private, or its recording was hidden or deleted. */
export function isShut({ visibility, hiddenAt, recordingDeletedAt }: Shut): boolean {
  return visibility === 'private' || hiddenAt !== null || recordingDeletedAt !== null;
}
