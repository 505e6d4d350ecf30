import { startStack } from '../supervisor/Stack.ts';

/** A supervisor as a process of its own, for tests that kill it: `node runStack.ts FOLDER`; prints its parts' pids. */
const stack = await startStack({ dataDir: process.argv[2], ports: 'free', services: ['sfu'] });
console.log(JSON.stringify(stack.pids));
// Stays until it is killed.
setInterval(() => {}, 60_000);
