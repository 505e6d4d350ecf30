import { run } from './bootstrap.mjs';

run('infra/src/check/main.ts');
