import { readFileSync } from 'node:fs';
import { freePort } from '@maydan/infra';
import { ServiceProcess } from './ServiceProcess.ts';

/** The worker binary that the setup found or built. */
const stamp = new URL('../../../../node_modules/.maydan/mediasoup-worker.stamp', import.meta.url);

/** For tests: a real sfu as a process of its own, which keeps its port over restarts. Who creates it closes it. */
export class SfuProcess extends ServiceProcess {
  static async start(options: {
    redisUrl: string;
    secret: string;
    env?: NodeJS.ProcessEnv;
  }): Promise<SfuProcess> {
    const sfu = new SfuProcess({
      service: 'sfu',
      readyText: '"ready"',
      env: {
        REDIS_URL: options.redisUrl,
        INTERNAL_SECRET: options.secret,
        MEDIASOUP_WORKER_BIN: readFileSync(stamp, 'utf8'),
        SFU_HOST: '127.0.0.1',
        SFU_PORT: String(await freePort()),
        SFU_RTC_PORT: '0',
        SFU_WORKERS: '1',
        OPS_PORT: '0',
        LOG_LEVEL: 'info',
        ...options.env,
      },
    });
    await sfu.start();
    return sfu;
  }
}
