import { parseArgs } from 'node:util';
import { z } from 'zod';
import { until } from '../../testing/until.ts';
import { publish } from './httpCalls.ts';
import { LiteClient } from './LiteClient.ts';
import { WhipStand } from './WhipStand.ts';

/**
 * A node that listens at an address of IPv6, with ports of a range, and a client that is ICE lite and publishes from there: run in a
 * network namespace, since not every machine has IPv6. Tells the candidates of the answer, then that sound came, as lines of JSON.
 */
const options = {
  address: { type: 'string' },
  firstPort: { type: 'string' },
  lastPort: { type: 'string' },
} as const;
const { values } = parseArgs({ options });
const port = z.coerce.number().int();
const given = z.object({ address: z.ipv6(), firstPort: port, lastPort: port }).parse(values);
const { address, firstPort: min, lastPort: max } = given;
const tell = (step: object): void => void process.stdout.write(`${JSON.stringify(step)}\n`);

const stand = await WhipStand.start({ address, portRange: { min, max } });
const client = await LiteClient.publisher(stand.pool.workers[0]!.worker, { ip: address });
const { streamKey, grant } = stand.allow();
const response = await publish(stand, streamKey, client.offer);
const answer = await response.text();
tell({ status: response.status, candidates: answer.match(/a=candidate:.*/g) });
await client.accept(answer);
const packets = async (): Promise<number> => {
  const [producer] = stand.rooms.find(grant.sessionId)?.producers ?? [];
  return (await producer?.stats())?.[0]?.packetCount ?? 0;
};
await until('its sound', async () => (await packets()) > 20, 60_000);
tell({ heard: true });
client.close();
await stand.close();
