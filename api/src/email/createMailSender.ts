import type { Logger } from '@maydan/common';
import type { ApiConfig } from '../config.ts';
import { LogMailSender, SmtpMailSender, type MailSender } from './MailSender.ts';

/** The server of the configuration, or the log. */
export function createMailSender(config: ApiConfig, logger: Logger): MailSender {
  const { SMTP_URL: url, MAIL_FROM: from } = config;
  if (url === undefined || from === undefined)
    return new LogMailSender(logger, config.NODE_ENV === 'development');
  return new SmtpMailSender({ url, from }, logger);
}
