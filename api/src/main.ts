import { createLogger, gatheredOutput, Lifecycle, loadConfig } from '@maydan/common';
import { Api } from './Api.ts';
import { configSchema } from './config.ts';

const config = loadConfig(configSchema);
const logger = createLogger('api', config.LOG_LEVEL, gatheredOutput());
const lifecycle = new Lifecycle(logger);
lifecycle.handleSignals();
const api = await Api.create(config, logger);
lifecycle.own('api', () => api.close());
logger.info({ port: api.port, opsPort: api.opsPort }, 'the api answers');
