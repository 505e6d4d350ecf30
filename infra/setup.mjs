import { run } from './bootstrap.mjs';

run('infra/src/setup/main.ts');
