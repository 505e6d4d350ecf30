import { setFlagsFromString } from 'node:v8';
import { createLogger, Lifecycle, loadConfig } from '@maydan/common';
import { configSchema } from './config.ts';
import { startWorkers } from './startWorkers.ts';

// When raw pictures of stages passed through here, ten megabytes of short-lived buffers a second had V8 walk through the whole heap once
// a second. It may let the heap double instead, well within what it does by itself elsewhere. Packets, decoded sound and encoded
// pictures are less; what it is worth for them wasn't measured, but docs/benchmarks.md was measured with it.
setFlagsFromString('--heap-growing-percent=100');
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
