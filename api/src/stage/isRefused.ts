import { connect } from 'node:net';
import { isConnectionRefused } from '@maydan/common';

/** What hasn't answered by then may only be slow, or out of our reach. */
const answerMs = 250;

/** Whether nobody listens at a URL any more: a refused connection is proof, anything else is not. Never rejects. */
export function isRefused(url: string): Promise<boolean> {
  const { hostname, port, protocol } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({
      host: hostname.replaceAll(/[[\]]/g, ''),
      port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
      timeout: answerMs,
    });
    const settle = (refused: boolean): void => {
      socket.destroy();
      resolve(refused);
    };
    socket.once('connect', () => settle(false));
    socket.once('timeout', () => settle(false));
    socket.on('error', (error) => settle(isConnectionRefused(error)));
  });
}
