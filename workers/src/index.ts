export { configSchema, type Config } from './config.ts';
