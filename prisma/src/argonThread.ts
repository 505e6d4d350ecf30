import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { hashPasswordHere, verifyPasswordHere } from './password.ts';

/** What a `PasswordThread` asks: a hash of a password, or, with `stored`, whether the password is the one that was hashed. */
export interface PasswordWork {
  readonly password: string;
  readonly stored?: string | null;
}

/** Gives way to the event loop and to PostgreSQL, yet gets a third of a core beside each of them. */
const niceness = 5;

// Linux keeps it for each thread; elsewhere it would be the whole process that gives way.
if (process.platform === 'linux') setPriority(niceness);

parentPort?.on('message', ({ password, stored }: PasswordWork) => {
  parentPort?.postMessage(
    stored === undefined ? hashPasswordHere(password) : verifyPasswordHere(stored, password),
  );
});
