import { connect } from 'node:net';
import { isConnectionRefused } from './isConnectionRefused.ts';

/** What hasn't answered by then may only be slow, or out of our reach. */
const answerMs = 250;

/**
 * What a host does with a connection to a URL. `listening`: takes it, as the kernel of a process that stands still does, too;
 * `refused`: nobody listens there any more; `silent`: nothing came back, as of a machine that is gone.
 */
export type Answer = 'listening' | 'refused' | 'silent';

/** Never rejects: another failure than a refusal is `silent`. */
export function askListening(url: string): Promise<Answer> {
  const { hostname, port, protocol } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({
      host: hostname.replaceAll(/[[\]]/g, ''),
      port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
      timeout: answerMs,
    });
    const settle = (answer: Answer): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle('listening'));
    // Where it was we who stood still, the answer lies there and is read before this.
    socket.once('timeout', () => setImmediate(() => settle('silent')));
    socket.on('error', (error) => settle(isConnectionRefused(error) ? 'refused' : 'silent'));
  });
}
