import { runNode } from './bootstrap.mjs';

/** `node infra/node24.mjs ARGUMENTS…` is `node ARGUMENTS…` with Node 24. */
runNode(process.argv.slice(2));
