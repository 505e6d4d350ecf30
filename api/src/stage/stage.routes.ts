import type { AnybodyProcedures, SignedInProcedures } from '../http/context.ts';
import type { BansService } from './bans.service.ts';
import type { JoinService } from './join.service.ts';
import type { SeatsService } from './seats.service.ts';
import type { StageHealths } from './StageHealths.ts';

export interface StageServices {
  readonly joins: JoinService;
  readonly seats: SeatsService;
  readonly healths: StageHealths;
}

export function stageRoutes(
  { joins, seats, healths }: StageServices,
  signedIn: SignedInProcedures,
  anybody: AnybodyProcedures,
) {
  return {
    join: anybody.stage.join.handler(({ input, context }) => joins.join(input, context)),
    get: anybody.stage.get.handler(({ input, context }) => seats.view(context.user, input.id)),
    request: signedIn.stage.request.handler(({ input, context }) => seats.request(context.user, input.id)),
    accept: signedIn.stage.accept.handler(({ input, context }) => seats.accept(context.user, input.id)),
    decline: signedIn.stage.decline.handler(({ input, context }) => seats.decline(context.user, input.id)),
    leave: signedIn.stage.leave.handler(({ input, context }) => seats.leave(context.user, input.id)),
    seats: signedIn.stage.seats.handler(async ({ input, context }) => ({
      items: await seats.list(context.user, input.id),
    })),
    invite: signedIn.stage.invite.handler(({ input, context }) =>
      seats.invite(context.user, input.id, input.user),
    ),
    admit: signedIn.stage.admit.handler(({ input, context }) =>
      seats.admit(context.user, input.id, input.userId),
    ),
    reject: signedIn.stage.reject.handler(({ input, context }) =>
      seats.reject(context.user, input.id, input.userId),
    ),
    remove: signedIn.stage.remove.handler(({ input, context }) =>
      seats.remove(context.user, input.id, input.userId),
    ),
    mute: signedIn.stage.mute.handler(async ({ input, context }) => {
      await seats.mute(context.user, input);
      return {};
    }),
    removePeer: signedIn.stage.removePeer.handler(async ({ input, context }) => {
      await seats.removePeer(context.user, input.id, input.peerId);
      return {};
    }),
    health: signedIn.stage.health.handler(({ input, context }) => healths.read(context.user, input.id)),
  };
}

export function bansRoutes(bans: BansService, signedIn: SignedInProcedures) {
  return {
    create: signedIn.bans.create.handler(({ input, context }) => bans.create(context.user, input)),
    list: signedIn.bans.list.handler(async ({ input, context }) => ({
      items: await bans.list(context.user, input.id),
    })),
    remove: signedIn.bans.remove.handler(async ({ input, context }) => {
      await bans.remove(context.user, input.id, input.userId);
      return {};
    }),
    clearTraces: signedIn.bans.clearTraces.handler(async ({ input, context }) => {
      await bans.clearTraces(context.user, input.id, input.userId);
      return {};
    }),
  };
}
