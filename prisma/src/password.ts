import { hash, hashSync, verify, verifySync } from '@node-rs/argon2';

/** Argon2id (the library's default variant) with the parameters OWASP recommends first: 19 MiB, 2 passes, 1 lane. */
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** @returns the hash in PHC format, with its parameters and a random salt. */
export function hashPassword(password: string): Promise<string> {
  return hash(password, parameters);
}

/** False also for a stored value that is no hash, so that a damaged row never lets anybody in. */
export async function verifyPassword(stored: string, password: string): Promise<boolean> {
  try {
    return await verify(stored, password);
  } catch {
    return false;
  }
}

let nobody: string | undefined;

/** As `hashPassword`, in the thread that calls: for one that does nothing else. */
export function hashPasswordHere(password: string): string {
  return hashSync(password, parameters);
}

/**
 * As `verifyPassword`, in the thread that calls. Without a hash (null) it is as much work, and always false: the answer's time
 * doesn't tell whether an account exists.
 */
export function verifyPasswordHere(stored: string | null, password: string): boolean {
  nobody ??= hashPasswordHere('nobody has this password');
  try {
    return verifySync(stored ?? nobody, password) && stored !== null;
  } catch {
    return false;
  }
}
