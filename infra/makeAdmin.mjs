import { run } from './bootstrap.mjs';

run('infra/src/makeAdmin/main.ts');
