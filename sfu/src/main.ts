import { createLogger, Lifecycle, loadConfig } from '@maydan/common';
import { configSchema } from './config.ts';
import { startSfu } from './startSfu.ts';

const config = loadConfig(configSchema);
const logger = createLogger('sfu', config.LOG_LEVEL);
const lifecycle = new Lifecycle(logger);
lifecycle.handleSignals();
try {
  const { httpPort, opsPort, nodeId, pool } = await startSfu(config, logger, lifecycle);
  logger.info({ httpPort, opsPort, nodeId, workers: pool.size }, 'ready');
} catch (error) {
  logger.fatal({ err: error }, 'could not start');
  await lifecycle.shutdown();
  process.exitCode = 1;
}
