import { loadEnvironmentFile } from './loadEnvironmentFile.ts';
import { reportingFailures, setup } from './setup.ts';

/** `npm run setup [-- --tests]` */
await reportingFailures(async () => {
  loadEnvironmentFile();
  console.log('Maydan setup');
  await setup({ forTests: process.argv.includes('--tests') });
  console.log('Ready: npm start');
});
