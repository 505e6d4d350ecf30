import { fileURLToPath } from 'node:url';
import { ClientProcess } from './ClientProcess.ts';

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** OBS's library publishes H.264 and Opus. It says `status`, `location`, `state`, and at its end `deleted`. */
export function startLibdatachannelPublisher(endpoint: string, streamKey: string): Promise<ClientProcess> {
  return ClientProcess.start(process.execPath, [
    '--no-warnings',
    script('libdatachannelPublisher.ts'),
    endpoint,
    streamKey,
  ]);
}

/**
 * aiortc plays. It says `status`, `state`, `frames`, `contrast`, `samples`, `peak`, and at its end `deleted`. It needs
 * Debian's python3-aiortc, which belongs to Debian's own Python.
 */
export function startAiortcPlayer(endpoint: string, token: string): Promise<ClientProcess> {
  return ClientProcess.start('/usr/bin/python3', [script('aiortcPlayer.py'), endpoint, token]);
}
