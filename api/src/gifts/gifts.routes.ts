import type { AnybodyProcedures, SignedInProcedures } from '../http/context.ts';
import type { createGifts } from './createGifts.ts';

export function giftsRoutes(
  { assets, catalogue, gifts, leaderboards }: Omit<ReturnType<typeof createGifts>, 'pump' | 'assetRoutes'>,
  { gifts: mine }: SignedInProcedures,
  { gifts: all }: AnybodyProcedures,
) {
  return {
    catalogue: all.catalogue.handler(() => catalogue.list()),
    all: mine.all.handler(({ context }) => catalogue.all(context.user)),
    create: mine.create.handler(({ input, context }) => catalogue.create(context.user, input)),
    update: mine.update.handler(({ input, context }) => catalogue.update(context.user, input)),
    upload: mine.upload.handler(({ input, context }) => assets.add(context.user, input)),
    send: mine.send.handler(({ input, context }) => gifts.send(context.user, input)),
    ofSession: all.ofSession.handler(({ input, context }) => gifts.ofSession(context.user, input)),
    totals: all.totals.handler(({ input, context }) => gifts.totals(context.user, input.id)),
    sent: mine.sent.handler(({ input, context }) => gifts.sent(context.user, input)),
    received: mine.received.handler(({ input, context }) => gifts.received(context.user, input)),
    sentBy: mine.sentBy.handler(({ input, context }) => gifts.sentBy(context.user, input)),
    receivedBy: mine.receivedBy.handler(({ input, context }) => gifts.receivedBy(context.user, input)),
    returnSent: mine.returnSent.handler(({ input, context }) => gifts.giveBack(context.user, input.id)),
    sessionLeaderboard: all.sessionLeaderboard.handler(({ input, context }) =>
      leaderboards.ofSession(context.user, input),
    ),
    userLeaderboard: all.userLeaderboard.handler(({ input, context }) =>
      leaderboards.ofUser(context.user, input),
    ),
    hostsLeaderboard: all.hostsLeaderboard.handler(({ input, context }) =>
      leaderboards.ofHosts(context.user, input),
    ),
    rebuildLeaderboards: mine.rebuildLeaderboards.handler(({ context }) =>
      leaderboards.rebuildAs(context.user),
    ),
  };
}
