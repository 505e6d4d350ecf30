import type { types } from 'mediasoup';
import type { ListenAddress } from './PooledWorker.ts';
import { reasonOf } from './reasonOf.ts';
import type { WorkerPool } from './WorkerPool.ts';

/**
 * Tries whether plain RTP can get a port, so that a node which can't says so at its start and not to the first publisher.
 * @throws Error that names the settings.
 */
export async function checkPlainPorts(
  pool: WorkerPool,
  { address, portRange }: { readonly address: ListenAddress; readonly portRange: types.TransportPortRange },
): Promise<void> {
  const { worker } = await pool.acquire();
  const router = await worker.createRouter();
  try {
    await router.createPlainTransport({ listenInfo: { protocol: 'udp', ...address, portRange } });
  } catch (cause) {
    const { min, max } = portRange;
    const range = `SFU_RTC_MIN_PORT to SFU_RTC_MAX_PORT (${min} to ${max})`;
    throw new Error(`Plain RTP has no port of ${range}: ${reasonOf(cause)}`, { cause });
  } finally {
    router.close();
  }
}
