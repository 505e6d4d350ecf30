import type { PipeEnd } from '@maydan/contracts';
import type { types } from 'mediasoup';
import type { ListenAddress } from '../workers/PooledWorker.ts';

/** How this node's ends of pipes to other nodes are made. */
export interface PipeSettings {
  readonly address: ListenAddress;
  readonly portRange: types.TransportPortRange;
  /** SRTP on what this node asks for; without it also what others ask for may go without. */
  readonly srtp: boolean;
}

/** A key frame of a large picture at once; the system's default holds about 100 packets. */
const recvBufferSize = 1_048_576;

/** One end of a pipe; RTX and NACK make good what the network between two hosts loses (RFC 4588). */
export function createPipeEnd(
  router: types.Router,
  { address, portRange }: PipeSettings,
  srtp: boolean,
): Promise<types.PipeTransport> {
  return router.createPipeTransport({
    listenInfo: { protocol: 'udp', ...address, portRange, recvBufferSize },
    enableRtx: true,
    enableSrtp: srtp,
  });
}

/** What the other node must know of this end. */
export function describeEnd({ tuple, srtpParameters }: types.PipeTransport): PipeEnd {
  return { ip: tuple.localAddress, port: tuple.localPort, srtp: srtpParameters ?? null };
}

/** Sends to the other end, and takes what comes from there alone. */
export async function connectEnd(transport: types.PipeTransport, { ip, port, srtp }: PipeEnd): Promise<void> {
  await transport.connect({ ip, port, ...(srtp === null ? {} : { srtpParameters: srtp }) });
}
