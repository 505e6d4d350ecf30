import { run } from './bootstrap.mjs';

run('infra/src/ledgerAudit/main.ts');
