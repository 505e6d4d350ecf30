import type { Logger } from '@maydan/common';
import type { Database } from '@maydan/prisma';
import { AccountRepo } from '../account/account.repo.ts';
import type { ApiConfig } from '../config.ts';
import { createMailSender } from '../email/createMailSender.ts';
import { EmailCodesRepo } from '../email/emailCodes.repo.ts';
import { EmailService } from '../email/email.service.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import { GoogleService } from '../google/google.service.ts';
import { GoogleTokens } from '../google/GoogleTokens.ts';
import { createSmsSender } from '../phone/createSmsSender.ts';
import { PhoneCodesRepo } from '../phone/phoneCodes.repo.ts';
import { PhoneService } from '../phone/phone.service.ts';
import { SecondFactorKeys } from '../secondFactor/SecondFactorKeys.ts';
import { SecondFactorRepo } from '../secondFactor/secondFactor.repo.ts';
import { askForSecondFactor, SecondFactorService } from '../secondFactor/secondFactor.service.ts';
import { AccessTokens } from './AccessTokens.ts';
import { IdentityRepo } from './identity.repo.ts';
import { IdentityService } from './identity.service.ts';
import { Newcomers } from './Newcomers.ts';
import { Passwords } from './Passwords.ts';
import { SignInsService } from './signIns.service.ts';
import type { SignInRevocations } from './SignInRevocations.ts';

export interface IdentityParts {
  readonly config: ApiConfig;
  readonly database: Database;
  readonly limits: RateLimits;
  readonly revocations: SignInRevocations;
  readonly logger: Logger;
}

/** The parts of accounts, wired up. Whoever makes them closes the passwords. */
export function createIdentity({ config, database, limits, revocations, logger }: IdentityParts) {
  const repo = new IdentityRepo(database);
  const tokens = new AccessTokens(config.ACCESS_TOKEN_SECRET);
  const keys = new SecondFactorKeys(config.SECOND_FACTOR_SECRET ?? config.ACCESS_TOKEN_SECRET);
  const signIns = new SignInsService({
    ...{ repo, tokens, limits, revocations, logger },
    askForSecondFactor: askForSecondFactor(keys),
  });
  const passwords = new Passwords();
  const identity = new IdentityService({ repo, limits, passwords, signIns });
  const secondFactor = new SecondFactorService({
    repo: new SecondFactorRepo(database),
    ...{ keys, identity, signIns, limits, logger },
  });
  const newcomers = new Newcomers(repo);
  const googleOptions = {
    clientIds: config.GOOGLE_CLIENT_IDS,
    issuers: config.GOOGLE_ISSUERS,
    keysUrl: config.GOOGLE_JWKS_URL,
  };
  const googleTokens = new GoogleTokens(googleOptions, logger);
  const google = new GoogleService({ repo, newcomers, signIns, tokens: googleTokens, limits });
  const phones = new PhoneService({
    ...{ repo, newcomers, signIns, limits },
    codes: new PhoneCodesRepo(database),
    sms: createSmsSender(config, logger),
    secret: config.ACCESS_TOKEN_SECRET,
  });
  const emails = new EmailService({
    ...{ repo, signIns, limits },
    codes: new EmailCodesRepo(database),
    mail: createMailSender(config, logger),
    secret: config.ACCESS_TOKEN_SECRET,
  });
  return {
    identity,
    passwords,
    signIns,
    secondFactor,
    google,
    phones,
    emails,
    accounts: new AccountRepo(database),
  };
}
export type Identity = ReturnType<typeof createIdentity>;
