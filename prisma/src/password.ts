import { hash, verify } from '@node-rs/argon2';

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

let nobody: Promise<string> | undefined;

/** As much work as `verifyPassword`, and always false: the answer's time doesn't tell whether an account exists. */
export async function verifyNothing(password: string): Promise<false> {
  nobody ??= hashPassword('nobody has this password');
  await verifyPassword(await nobody, password);
  return false;
}
