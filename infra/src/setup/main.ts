import { loadEnvironmentFile } from './loadEnvironmentFile.ts';
import { reportingFailures, setup } from './setup.ts';

/** `npm run setup [-- --tests]` */
await reportingFailures(async () => {
  loadEnvironmentFile();
  console.log('Maydan setup');
  await setup({ purpose: process.argv.includes('--tests') ? 'test' : 'run' });
  console.log('Ready: npm start');
});
