import { join } from 'node:path';
import { root } from '../setup/paths.ts';
import type { ServiceName } from './environments.ts';

/**
 * What a worker reads passes through large buffers that live for a moment. In a young generation of V8's usual 16 MiB they pile up until the
 * whole heap is searched each seven seconds; in a small one they go at once, for a tenth of the work (docs/adr/0018).
 */
const nodeOptions: Partial<Record<ServiceName, readonly string[]>> = { workers: ['--max-semi-space-size=4'] };

/** What Node is started with for a service, here and in its container image. */
export function serviceArguments(name: ServiceName): string[] {
  return [
    '--disable-warning=ExperimentalWarning',
    ...(nodeOptions[name] ?? []),
    join(root, name, 'src', 'main.ts'),
  ];
}
