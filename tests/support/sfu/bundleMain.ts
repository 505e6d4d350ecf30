import { fileURLToPath } from 'node:url';
import { build } from 'vite';

/** Prints mediasoup-client and our few lines around it as one script for a page. */
const result = await build({
  configFile: false,
  logLevel: 'silent',
  build: {
    write: false,
    minify: false,
    lib: {
      entry: fileURLToPath(new URL('stageClient.ts', import.meta.url)),
      formats: ['iife'],
      name: 'stage',
    },
  },
});
const output = Array.isArray(result) ? result[0] : result;
if (output === undefined || !('output' in output)) throw new Error('the page was not bundled');
process.stdout.write(output.output[0].code);
