export { configSchema, type ApiConfig } from './config.ts';
