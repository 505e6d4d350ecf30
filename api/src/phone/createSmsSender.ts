import type { Logger } from '@maydan/common';
import type { ApiConfig } from '../config.ts';
import { logUnsent } from '../identity/logUnsent.ts';
import { HttpSmsSender, type SmsSender } from './SmsSender.ts';

/** The gateway of the configuration, or the log. */
export function createSmsSender(config: ApiConfig, logger: Logger): SmsSender {
  const { SMS_GATEWAY_URL: url, SMS_GATEWAY_TOKEN: token, SMS_GATEWAY_BODY: body } = config;
  if (url !== undefined) return new HttpSmsSender({ url, token, body }, logger);
  const unsent = { what: 'a text message', because: 'there is no gateway (SMS_GATEWAY_URL)' };
  return { send: (to, text) => logUnsent(logger, config, { ...unsent, content: { to, text } }) };
}
