import { fileURLToPath } from 'node:url';
import { ClientProcess } from './ClientProcess.ts';

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
/** The Python that Debian's packages belong to. */
const systemPython = '/usr/bin/python3';

/**
 * OBS's library publishes H.264 and Opus, a beep in each second or a tone without end. It says `status`, `location`, `state`, and at its
 * end `deleted`.
 */
export function startLibdatachannelPublisher(
  endpoint: string,
  streamKey: string,
  sound: 'beeps' | 'tone' = 'beeps',
): Promise<ClientProcess> {
  return ClientProcess.start(process.execPath, [
    '--no-warnings',
    script('libdatachannelPublisher.ts'),
    endpoint,
    streamKey,
    sound,
  ]);
}

/**
 * aiortc publishes a flash and a beep in each second, VP8 or H.264, through a relay on this machine. It says `status`,
 * `rtcPort` (where the relay shall send to), `state`, and at its end `deleted`. It needs Debian's python3-aiortc, as the player.
 */
export function startAiortcPublisher(
  endpoint: string,
  streamKey: string,
  codec: 'VP8' | 'H264',
  relayPort: number,
): Promise<ClientProcess> {
  const args = [script('aiortcPublisher.py'), endpoint, streamKey, codec, String(relayPort)];
  return ClientProcess.start(systemPython, args);
}

/**
 * aiortc plays. It says `status`, `state`, `frames`, `contrast`, `samples`, `peak`, and at its end `deleted`. It needs
 * Debian's python3-aiortc, which belongs to Debian's own Python.
 */
export function startAiortcPlayer(endpoint: string, token: string): Promise<ClientProcess> {
  return ClientProcess.start(systemPython, [script('aiortcPlayer.py'), endpoint, token]);
}
