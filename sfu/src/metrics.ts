import { stageRole } from '@maydan/contracts';
import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Rooms } from './rooms/Rooms.ts';
import type { PooledWorker } from './workers/PooledWorker.ts';
import type { WorkerPool } from './workers/WorkerPool.ts';

export interface SfuMetrics {
  /** Signaling requests that were refused, by code. */
  readonly refused: Counter<'code'>;
  /** Joins that took up an older connection of the same peer. */
  readonly resumed: Counter;
}

/** Prometheus figures of rooms and Workers, read when they are asked for. */
export function registerMetrics(registry: Registry, pool: WorkerPool, rooms: Rooms): SfuMetrics {
  registerWorkerFigures(registry, pool);
  registerRoomFigures(registry, rooms);
  const registers = [registry];
  return {
    refused: new Counter({
      name: 'maydan_sfu_refused_total',
      help: 'Signaling requests and connections that were refused',
      labelNames: ['code'],
      registers,
    }),
    resumed: new Counter({
      name: 'maydan_sfu_resumed_total',
      help: 'Peers that came back within their grace period',
      registers,
    }),
  };
}

function registerRoomFigures(registry: Registry, rooms: Rooms): void {
  const registers = [registry];
  new Gauge({
    name: 'maydan_sfu_rooms',
    help: 'Rooms on this node',
    registers,
    collect() {
      this.set(rooms.all.length);
    },
  });
  new Gauge({
    name: 'maydan_sfu_load',
    help: 'Load of this node: 0 idle, 1 full',
    registers,
    collect() {
      this.set(rooms.load);
    },
  });
  new Gauge({
    name: 'maydan_sfu_fast_start_cohorts',
    help: 'Streams for viewers who joined between key frames of an RTMP source',
    registers,
    async collect() {
      const cohorts = await Promise.all(rooms.all.map(({ fastStarts }) => fastStarts.cohorts()));
      this.set(cohorts.reduce((sum, count) => sum + count, 0));
    },
  });
  new Gauge({
    name: 'maydan_sfu_level_meters',
    help: 'Sound that is decoded to hear how loud it is, since its sender does not say so',
    registers,
    collect() {
      this.set(rooms.levelMeters);
    },
  });
  new Gauge({
    name: 'maydan_sfu_peers',
    help: 'Peers by role',
    labelNames: ['role'],
    registers,
    collect() {
      for (const role of stageRole.options) this.set({ role }, 0);
      for (const room of rooms.all) for (const { role } of room.peers.values()) this.inc({ role });
    },
  });
  for (const what of ['asked', 'sent'] as const) {
    follow(registry, {
      name: `maydan_sfu_key_frames_${what}_total`,
      help:
        what === 'asked'
          ? 'Key frames that receivers asked us for'
          : 'Requests for a key frame that went to senders',
      value: () => rooms.keyFrames[what],
    });
  }
}

function registerWorkerFigures(registry: Registry, pool: WorkerPool): void {
  const registers = [registry];
  new Gauge({
    name: 'maydan_sfu_workers',
    help: 'mediasoup Workers that are alive',
    registers,
    collect() {
      this.set(pool.workers.length);
    },
  });
  follow(registry, {
    name: 'maydan_sfu_worker_deaths_total',
    help: 'mediasoup Workers that died',
    value: () => pool.deaths,
  });
  for (const what of ['routers', 'transports', 'producers', 'consumers'] as const) {
    new Gauge({
      name: `maydan_sfu_worker_${what}`,
      help: `mediasoup ${what} of a Worker, those of pipes included`,
      labelNames: ['worker'],
      registers,
      collect() {
        this.reset();
        for (const worker of pool.workers) this.set({ worker: worker.index }, worker.counts[what]);
      },
    });
  }
  registerUsage(registry, pool);
}

function registerUsage(registry: Registry, pool: WorkerPool): void {
  const cpu = new Gauge({
    name: 'maydan_sfu_worker_cpu_seconds',
    help: 'CPU time of a mediasoup Worker since its start',
    labelNames: ['worker', 'worker_pid'],
    registers: [registry],
    async collect() {
      this.reset();
      await Promise.all(pool.workers.map((worker) => setUsage(worker)));
    },
  });
  const setUsage = async (worker: PooledWorker): Promise<void> => {
    // A Worker that dies while it is asked has no figures.
    const usage = await worker.worker.getResourceUsage().catch(() => null);
    if (usage === null) return;
    cpu.set({ worker: worker.index, worker_pid: worker.pid }, (usage.ru_utime + usage.ru_stime) / 1_000);
  };
}

/** A counter that follows a figure which is counted elsewhere. */
function follow(
  registry: Registry,
  { name, help, value }: { name: string; help: string; value: () => number },
): void {
  let counted = 0;
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      const now = value();
      this.inc(now - counted);
      counted = now;
    },
  });
}
