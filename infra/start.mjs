import { run } from './bootstrap.mjs';

run('infra/src/supervisor/main.ts');
