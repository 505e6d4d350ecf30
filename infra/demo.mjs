import { run } from './bootstrap.mjs';

run('infra/src/demo/main.ts');
