import { ServerResponse, type IncomingMessage } from 'node:http';

/**
 * A response whose head was written out before, so that a thousand equal answers cost one formatting: Node then
 * only queues bytes. It sets the two fields that `writeHead` would set (`_header`, `_headerSent` of Node's
 * OutgoingMessage; Node is pinned, and a component test sends through both ways). Only for keep-alive HTTP/1.1
 * responses with a body; everything else goes through `writeHead`.
 */
export class OriginResponse extends ServerResponse {
  declare private _header: string | null;
  declare private _headerSent: boolean;

  /** `head` ends with an empty line. One write of two buffers. */
  sendHeadAndBody(status: number, head: string, body: Buffer): void {
    this.statusCode = status;
    this._header = head;
    this.end(body);
  }

  /** `whole` is head and body in one buffer: one write to the socket, which costs less than `end` with a body. */
  sendWhole(status: number, whole: Buffer): void {
    this.statusCode = status;
    this._header = ' ';
    this._headerSent = true;
    const { socket } = this;
    // Without a socket an earlier answer of this connection is still on its way: Node queues ours behind it.
    if (!socket) return void this.end(whole);
    socket.write(whole);
    this.end();
  }
}

export type OriginRequest = IncomingMessage;
