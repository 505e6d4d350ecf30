import { parseRestreamUrl } from '@maydan/contracts';
import { mintRelayToken } from '@maydan/common';
import { defaultPushLimits, TargetPush } from '../../../workers/src/restream/TargetPush.ts';

/** Pushes a relay to targets, as a worker does. Arguments: secret of relay tokens, relay, targets. */
const [, , secret = '', relayUrl = '', ...urls] = process.argv;
const pushes = urls.map((url) => {
  const address = parseRestreamUrl(url);
  if (address === null) throw new Error(`no address: ${url}`);
  return new TargetPush({
    ...{ relayUrl, address, streamKey: 'bench', allowPrivate: true, limits: defaultPushLimits },
    mintToken: () => mintRelayToken(secret, new URL(relayUrl).pathname),
    mayPush: () => true,
    onLive: () => undefined,
  });
});
const [first] = await Promise.all(pushes.map((push) => push.ended));
console.error(first?.fault ?? 'the source ended');
process.exit(1);
