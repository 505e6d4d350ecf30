export { configSchema } from './config.ts';
export type { SfuConfig } from './config.ts';
