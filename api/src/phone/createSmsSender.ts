import type { Logger } from '@maydan/common';
import type { ApiConfig } from '../config.ts';
import { HttpSmsSender, LogSmsSender, type SmsSender } from './SmsSender.ts';

/** The gateway of the configuration, or the log. */
export function createSmsSender(config: ApiConfig, logger: Logger): SmsSender {
  const { SMS_GATEWAY_URL: url, SMS_GATEWAY_TOKEN: token, SMS_GATEWAY_BODY: body } = config;
  if (url === undefined) return new LogSmsSender(logger, config.NODE_ENV === 'development');
  return new HttpSmsSender({ url, token, body }, logger);
}
