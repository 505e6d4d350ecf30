export { createWhip } from './createWhip.ts';
