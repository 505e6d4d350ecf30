import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Mesh } from './Mesh.ts';

/** Prometheus figures of pipes between nodes, read when they are asked for. */
export function registerMeshMetrics(registry: Registry, mesh: Mesh): void {
  new Gauge({
    name: 'maydan_sfu_pipes',
    help: 'Producers piped between this node and others, by direction',
    labelNames: ['direction'],
    registers: [registry],
    collect() {
      const { incoming, outgoing } = mesh.pipes;
      this.set({ direction: 'in' }, incoming);
      this.set({ direction: 'out' }, outgoing);
    },
  });
}
