import { createLogger, Lifecycle, loadConfig } from '@maydan/common';
import { configSchema } from './config.ts';
import { startWorkers } from './startWorkers.ts';

const config = loadConfig(configSchema);
const logger = createLogger('workers', config.LOG_LEVEL);
const lifecycle = new Lifecycle(logger);
lifecycle.handleSignals();
try {
  const ports = await startWorkers(config, logger, lifecycle);
  logger.info({ ports }, 'listening');
} catch (error) {
  logger.fatal({ err: error }, 'could not start');
  await lifecycle.shutdown();
  process.exitCode = 1;
}
