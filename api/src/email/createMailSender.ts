import type { Logger } from '@maydan/common';
import type { ApiConfig } from '../config.ts';
import { logUnsent } from '../identity/logUnsent.ts';
import { SmtpMailSender, type MailSender } from './MailSender.ts';

/** The server of the configuration, or the log. */
export function createMailSender(config: ApiConfig, logger: Logger): MailSender {
  const { SMTP_URL: url, MAIL_FROM: from } = config;
  if (url !== undefined && from !== undefined) return new SmtpMailSender({ url, from }, logger);
  const unsent = { what: 'a mail', because: 'there is no server for it (SMTP_URL)' };
  return { send: (mail) => logUnsent(logger, config, { ...unsent, content: { mail } }) };
}
