import { AppError, type Logger } from '@maydan/common';
import type { Me, TokenPair } from '@maydan/contracts';
import { newSecret, type User } from '@maydan/prisma';
import type { IdentityService } from '../identity/identity.service.ts';
import type { Authenticated, ClientInfo, SignInsService } from '../identity/signIns.service.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import { stateOf, type SecondFactorKeys } from './SecondFactorKeys.ts';
import type { SecondFactorRepo } from './secondFactor.repo.ts';
import { newTotpSecret, stepOfCode, totpUri } from './totp.ts';

const recoveryCodeCount = 10;

export interface SecondFactorDependencies {
  readonly repo: SecondFactorRepo;
  readonly keys: SecondFactorKeys;
  readonly identity: Pick<IdentityService, 'requirePassword'>;
  readonly signIns: SignInsService;
  readonly limits: RateLimits;
  readonly logger: Logger;
}

/** The password is absent for an account that has none; the code may be a recovery code. */
interface Proof {
  readonly password?: string | undefined;
  readonly code: string;
}

/**
 * A second factor by time-based codes (RFC 6238), for whoever turns it on. It is asked for after whatever proved the first
 * factor: `SignInsService.start` answers with a challenge. Attempts are counted for each user over all processes.
 */
export class SecondFactorService {
  readonly #deps: SecondFactorDependencies;

  constructor(dependencies: SecondFactorDependencies) {
    this.#deps = dependencies;
  }

  /** A new secret, which is good when it is confirmed. Throws as `requirePassword` does; `conflict` when one is on. */
  async begin(who: Authenticated, password: string | undefined): Promise<{ secret: string; uri: string }> {
    const { identity, repo, keys } = this.#deps;
    await identity.requirePassword(who, password);
    const secret = newTotpSecret();
    const { id, username } = who.user;
    if (!(await repo.begin(id, keys.seal(id, secret)))) throw isOn();
    return { secret, uri: totpUri(secret, username) };
  }

  /** Throws `code_invalid`, `rate_limited`; `conflict` when none waits. */
  async confirm({ user }: Authenticated, code: string): Promise<{ recoveryCodes: string[] }> {
    const { repo, keys, limits, logger } = this.#deps;
    if (user.secondFactorAt !== null) throw isOn();
    const attempt = await limits.secondFactor(user.id);
    const factor = await repo.find(user.id);
    if (factor === null) throw new AppError('conflict', 'Get a secret first.');
    const step = stepOfCode(keys.open(user.id, factor.sealedSecret), code, Date.now());
    if (step === null) throw new AppError('code_invalid');
    const { recoveryCodes, hashes } = this.#newRecoveryCodes(user.id);
    if (!(await repo.confirm(factor, { step, hashes, at: new Date() }))) throw isOn();
    await attempt.succeeded();
    logger.info({ userId: user.id }, 'a second factor was turned on');
    return { recoveryCodes };
  }

  /** Throws as `requirePassword` does, and `code_invalid`; `conflict` when none is on. */
  async disable(who: Authenticated, proof: Proof): Promise<void> {
    const { repo, logger } = this.#deps;
    await this.#proveBoth(who, proof);
    await repo.remove(who.user.id);
    logger.info({ userId: who.user.id }, 'a second factor was turned off');
  }

  /** New ones in place of all that are left. Throws as `disable` does. */
  async renewRecoveryCodes(who: Authenticated, proof: Proof): Promise<{ recoveryCodes: string[] }> {
    const { repo, logger } = this.#deps;
    await this.#proveBoth(who, proof);
    const { id } = who.user;
    const { recoveryCodes, hashes } = this.#newRecoveryCodes(id);
    if (!(await repo.replaceRecoveryCodes(id, hashes))) throw isOff();
    logger.info({ userId: id }, 'recovery codes were renewed');
    return { recoveryCodes };
  }

  /** Goes on with a sign-in. Throws `token_expired`, `token_invalid`, `code_invalid`, `rate_limited`, `account_banned`. */
  async signIn(
    { challenge, code }: { challenge: string; code: string },
    client: ClientInfo,
  ): Promise<TokenPair & { user: Me }> {
    const { keys, limits, repo, signIns } = this.#deps;
    await limits.auth(client.address);
    const { userId, account } = keys.verifyChallenge(challenge);
    const user = await repo.findUser(userId);
    if (user === null || stateOf(user) !== account) throw new AppError('token_invalid');
    await this.#prove(userId, code);
    return signIns.startProven(user, client);
  }

  async #proveBoth(who: Authenticated, { password, code }: Proof): Promise<void> {
    if (who.user.secondFactorAt === null) throw isOff();
    await this.#deps.identity.requirePassword(who, password);
    await this.#prove(who.user.id, code);
  }

  #newRecoveryCodes(userId: string): { recoveryCodes: string[]; hashes: string[] } {
    const recoveryCodes = Array.from({ length: recoveryCodeCount }, newRecoveryCode);
    return { recoveryCodes, hashes: recoveryCodes.map((plain) => this.#deps.keys.hashCode(userId, plain)) };
  }

  /** A code or a recovery code, each good once; `code_invalid` is all that anybody learns of one that isn't. */
  async #prove(userId: string, code: string): Promise<void> {
    const { repo, keys, limits, logger } = this.#deps;
    const attempt = await limits.secondFactor(userId);
    const factor = await repo.find(userId);
    if (factor === null) throw new AppError('code_invalid');
    const step = stepOfCode(keys.open(userId, factor.sealedSecret), code, Date.now());
    const isRight =
      step === null
        ? await repo.useRecoveryCode(userId, keys.hashCode(userId, code))
        : await repo.useStep(userId, step);
    if (!isRight) throw new AppError('code_invalid');
    if (step === null) logger.info({ userId }, 'a recovery code was used');
    await attempt.succeeded();
  }
}

/** Fifty bits, as people write them down: `xxxxx-xxxxx`. */
function newRecoveryCode(): string {
  const letters = newSecret(10).toLowerCase();
  return `${letters.slice(0, 5)}-${letters.slice(5)}`;
}

function isOn(): AppError {
  return new AppError('conflict', 'A second factor is on: turn it off first.');
}

function isOff(): AppError {
  return new AppError('conflict', 'No second factor is on.');
}

/** Throws the challenge when the user has a second factor; for `SignInsService`. */
export function askForSecondFactor(keys: SecondFactorKeys): (user: User) => void {
  return (user) => {
    if (user.secondFactorAt !== null) {
      throw new AppError('second_factor_required', undefined, keys.challenge(user));
    }
  };
}
