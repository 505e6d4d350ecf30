import type { JobProducer, Logger, Redis } from '@maydan/common';
import type { Contract } from '@maydan/contracts';
import type { Database } from '@maydan/prisma';
import type { Router } from '@orpc/server';
import type { ApiConfig } from './config.ts';
import { analyticsRoutes } from './analytics/analytics.routes.ts';
import { createAnalytics } from './analytics/createAnalytics.ts';
import { accountRoutes } from './account/account.routes.ts';
import { AuditRepo } from './audit/audit.repo.ts';
import { auditRoutes } from './audit/audit.routes.ts';
import { AuditService } from './audit/audit.service.ts';
import { adminRoutes } from './admin/admin.routes.ts';
import { createAdmin } from './admin/createAdmin.ts';
import { accessRoutes } from './access/access.routes.ts';
import { AccessService } from './access/access.service.ts';
import { createAccess } from './access/createAccess.ts';
import { CategoriesRepo } from './categories/categories.repo.ts';
import { categoriesRoutes } from './categories/categories.routes.ts';
import { CategoriesService } from './categories/categories.service.ts';
import { createDismissal, createViewing } from './viewing/createViewing.ts';
import { viewingRoutes } from './viewing/viewing.routes.ts';
import { chatGuard, chatHandlers, chatLeft, staffGuard } from './chat/chat.gateway.ts';
import { bannedWordsRoutes, chatRoutes } from './chat/chat.routes.ts';
import { createChat } from './chat/createChat.ts';
import { conversationGuard, conversationsHandlers } from './conversations/conversations.gateway.ts';
import { conversationsRoutes } from './conversations/conversations.routes.ts';
import { createConversations } from './conversations/createConversations.ts';
import { MessageMediaRepo } from './conversations/messageMedia.repo.ts';
import { messagesRoutes } from './conversations/messages.routes.ts';
import { FactsHandler } from './facts/facts.handler.ts';
import { anybodyProcedures, signedInProcedures, type RequestContext } from './http/context.ts';
import { createGifts } from './gifts/createGifts.ts';
import { giftsRoutes } from './gifts/gifts.routes.ts';
import { healthGuard, healthHandlers } from './health/health.gateway.ts';
import { createIdentity } from './identity/createIdentity.ts';
import { identityRoutes } from './identity/identity.routes.ts';
import { Reconciliation } from './ledger/Reconciliation.ts';
import { RateLimits } from './limits/RateLimits.ts';
import type { SignInRevocations } from './identity/SignInRevocations.ts';
import { createNotifications } from './notifications/createNotifications.ts';
import { notificationsHandlers } from './notifications/notifications.gateway.ts';
import { notificationsRoutes } from './notifications/notifications.routes.ts';
import type { WhoIsOnline } from './notifications/unreadMessages.repo.ts';
import { createMedia } from './media/createMedia.ts';
import { mediaRoutes } from './media/media.routes.ts';
import { Blocks } from './people/blocks.repo.ts';
import { createModeration } from './moderation/createModeration.ts';
import { moderationRoutes, platformModerationRoutes } from './moderation/moderation.routes.ts';
import { createTraces } from './moderation/traces/createTraces.ts';
import { Ranks } from './moderation/Ranks.ts';
import { RoomModeratorsRepo } from './moderation/roomModerators.repo.ts';
import { createPeople } from './people/createPeople.ts';
import { blocksRoutes, peopleRoutes, subscribersRoutes } from './people/people.routes.ts';
import { createPresence } from './presence/createPresence.ts';
import { presenceHandlers } from './presence/presence.gateway.ts';
import { presenceRoutes } from './presence/presence.routes.ts';
import type { ApiMetrics } from './ops/ApiMetrics.ts';
import { createPersonalData } from './personalData/createPersonalData.ts';
import { personalDataRoutes } from './personalData/personalData.routes.ts';
import { pushRoutes } from './push/push.routes.ts';
import { connectionHandlers } from './realtime/connection.gateway.ts';
import type { Emitter } from './realtime/Emitter.ts';
import type { EventStream } from './realtime/EventStream.ts';
import { actHandlers } from './realtime/acts.gateway.ts';
import type { Gateway } from './realtime/gateway.ts';
import { RemindersRepo } from './reminders/reminders.repo.ts';
import { remindersRoutes } from './reminders/reminders.routes.ts';
import { RemindersService } from './reminders/reminders.service.ts';
import { createReports } from './reports/createReports.ts';
import { reportsGuard, reportsHandlers } from './reports/reports.gateway.ts';
import { reportsRoutes } from './reports/reports.routes.ts';
import { secondFactorRoutes } from './secondFactor/secondFactor.routes.ts';
import { createRestream } from './restream/createRestream.ts';
import { restreamHandlers } from './restream/restream.gateway.ts';
import { restreamRoutes } from './restream/restream.routes.ts';
import { SessionRoom } from './realtime/SessionRoom.ts';
import { SessionAnnouncer } from './realtime/SessionAnnouncer.ts';
import { SessionListsRepo } from './sessions/lists.repo.ts';
import { SessionListsService } from './sessions/lists.service.ts';
import { PublishRepo } from './sessions/publish.repo.ts';
import { PublishService } from './sessions/publish.service.ts';
import { Rankings } from './sessions/Rankings.ts';
import { SessionCommands } from './sessions/SessionCommands.ts';
import { SessionsRepo } from './sessions/sessions.repo.ts';
import { sessionGuard, sessionsHandlers } from './sessions/sessions.gateway.ts';
import { channelsRoutes, sessionsRoutes } from './sessions/sessions.routes.ts';
import { SessionsService } from './sessions/sessions.service.ts';
import { Sweep } from './sessions/Sweep.ts';
import { SweepRepo } from './sessions/sweep.repo.ts';
import { createStage } from './stage/createStage.ts';
import { SfuCommands } from './stage/SfuCommands.ts';
import { bansRoutes, stageRoutes } from './stage/stage.routes.ts';
import { createStatuses, statusFileReader } from './statuses/createStatuses.ts';
import { statusesRoutes } from './statuses/statuses.routes.ts';
import { StreamKeysRepo } from './streamKeys/streamKeys.repo.ts';
import { streamKeysRoutes } from './streamKeys/streamKeys.routes.ts';
import { StreamKeysService } from './streamKeys/streamKeys.service.ts';
import { createWebhooks } from './webhooks/createWebhooks.ts';
import { webhooksRoutes } from './webhooks/webhooks.routes.ts';
import { createWallet } from './wallet/createWallet.ts';
import { moneyRoutes, walletRoutes } from './wallet/wallet.routes.ts';

export interface ServicesDependencies {
  readonly config: ApiConfig;
  readonly database: Database;
  readonly redis: Redis;
  readonly jobs: JobProducer;
  readonly emitter: Emitter;
  readonly stream: Pick<EventStream, 'position'>;
  readonly revocations: SignInRevocations;
  readonly metrics: Pick<ApiMetrics, 'classified'>;
  readonly logger: Logger;
}

/** The api's parts, wired up; nothing is started. Whoever makes them owns those that are to be closed. */
export function createServices(dependencies: ServicesDependencies) {
  const { config, database, redis, jobs, emitter, revocations, logger } = dependencies;
  const gracePeriodMs = config.GRACE_PERIOD_MS;
  const reminderLeadMs = config.REMINDER_LEAD_MIN * 60_000;
  const limits = new RateLimits(redis, config, logger);
  const repo = new SessionsRepo(database);
  const sfu = new SfuCommands(redis, logger);
  const commands = new SessionCommands({ redis, jobs, sfu, logger });
  const blocks = new Blocks(database);
  const announcer: SessionAnnouncer = new SessionAnnouncer(
    emitter,
    {
      session: (id, base) => sessions.announced(id, base),
      stage: (sessionId) => stage.seats.stage(sessionId),
      seat: (sessionId, userId) => stage.seats.news(sessionId, userId),
    },
    logger,
  );
  const room = new SessionRoom({ emitter, logger, viewerRate: config.CHAT_VIEWER_RATE });
  const roomModerators = new RoomModeratorsRepo(database);
  const ranks = new Ranks(roomModerators);
  const shared = {
    repo,
    blocks,
    roomModerators,
    ranks,
    commands,
    sfu,
    announcer,
    redis,
    gracePeriodMs,
    logger,
  };
  const viewers = createDismissal({ config, redis });
  const { uncounted, dismiss } = viewers;
  const tracing = createTraces({ config, database, redis, sfu, emitter, dismiss, logger });
  const { traces, guestPlaces } = tracing;
  const letIn = createAccess({
    ...{ config, database, redis, sfu, emitter, traces, logger },
    uncounted,
  });
  const { access, leases, bans: playbackBans, ends, views } = letIn;
  const identity = createIdentity({ config, database, limits, revocations, logger });
  const { signIns } = identity;
  const restream = createRestream({ ...shared, config, database, limits, emitter });
  const streamKeys = new StreamKeysService({
    repo: new StreamKeysRepo(database),
    sessions: repo,
    commands,
    rtmpUrl: config.RTMP_PUBLIC_URL,
    rtmpsUrl: config.RTMPS_PUBLIC_URL ?? null,
    sfu,
  });
  const { keeper, presence, online } = createPresence(dependencies);
  const whoIsOnline: WhoIsOnline = async (userIds) => (await online.among(userIds)).online;
  const { notifications, push, outbox, duePushes } = createNotifications({
    ...dependencies,
    ...{ limits, whoIsOnline },
  });
  const toldLater = (): void => outbox.wake();
  const categories = new CategoriesRepo(database);
  const sessions = new SessionsService({
    ...{ ...shared, categories, access, leases, ends, views },
    reminderLeadMs,
  });
  const lists = new SessionListsService(new SessionListsRepo(database), new Rankings(redis));
  const reminders = new RemindersService({
    ...{ repo: new RemindersRepo(database), sessions, limits, leadMs: reminderLeadMs },
  });
  const accessService = new AccessService({
    ...{ repo: letIn.repo, views, sessions, blocks, limits, toldLater, logger },
  });
  const chat = createChat({
    ...{ config, database, redis, sessions, room, emitter, limits, traces, logger },
    classified: (outcome, seconds) => dependencies.metrics.classified(outcome, seconds),
  });
  const viewing = createViewing({ config, database, redis, chat, room, limits, traces, guestPlaces, logger });
  const stage = createStage({
    ...{ ...shared, config, database, limits, sessions, access, emitter, room },
    ...{ playbackBans, ...tracing, uncounted, ...viewing },
    banned: async (sessionId, userId, byId) => {
      await chat.chat.banned(sessionId, userId, byId);
      await gifts.gifts.banned(sessionId, userId);
    },
  });
  const reports = createReports({ database, sessions, limits, toldLater, emitter, logger });
  const messageMedia = new MessageMediaRepo(database);
  const media = createMedia({
    ...{ config, database, jobs, limits, emitter, logger },
    readers: {
      message: (viewer, mediaId) => messageMedia.mayRead(viewer.id, mediaId),
      status: statusFileReader(database),
    },
  });
  const { attachments } = media;
  const conversations = createConversations({
    ...{ database, emitter, attachments, messageMedia, limits, logger },
    noticed: (user, notificationId) => notifications.tellRead(user, notificationId),
  });
  const moderation = createModeration({
    ...{ ...shared, database, limits, emitter, room, sessions, streamKeys, toldLater },
    ...{ chat: chat.chat, seats: stage.seats, roomBans: stage.bans, playbackBans, leases, views },
    ...{ ...tracing, viewers, uncounted },
    messages: conversations.messages,
  });
  const people = createPeople({
    database,
    blocks,
    emitter,
    limits,
    part: async (hostId, userId) => {
      await presence.reconsider(hostId, userId);
      await stage.seats.part(hostId, userId);
      await moderation.moderators.part(hostId, userId);
      await conversations.conversations.part(hostId, userId);
    },
    reconsider: (userId, viewerId) => presence.reconsider(userId, viewerId),
    toldLater,
    logger,
  });
  const wallet = createWallet({ config, database, limits, logger });
  const gifts = createGifts({
    ...shared,
    database,
    room,
    limits,
    sessions,
    access,
    ...{ owners: wallet.owners, prices: wallet.prices },
    requireSayable: (...words) => chat.sending.requireSayable(...words),
    toldLater,
  });
  const reconciliation = new Reconciliation({
    ...{ redis, audit: wallet.audit, logger },
    rebuildLeaderboards: () => gifts.leaderboards.rebuild(),
    periodMs: config.LEDGER_RECONCILE_PERIOD_MS,
  });
  const personalData = createPersonalData({
    ...{ database, repo, sessions, commands, sfu, jobs, emitter, logger, store: media.store },
    ...wallet,
    ...{ identity: identity.identity, signIns },
  });
  const statuses = createStatuses({ database, views: media.views, online, limits, emitter, logger });
  const analytics = createAnalytics({ config, database, redis, sessions, limits, logger });
  const webhooks = createWebhooks({ config, database, jobs, limits, logger });
  const admin = createAdmin({
    ...{ config, database, redis, jobs, emitter, signIns, toldLater, logger },
    ...{ stageHealths: stage.healths, walletRepo: wallet.walletRepo, store: media.store },
    reconciled: () => reconciliation.last(),
  });
  const signedIn = signedInProcedures(signIns);
  const anybody = anybodyProcedures(signIns);
  const router = {
    auth: identityRoutes(identity, signedIn),
    account: accountRoutes({ ...identity, limits, presence }, signedIn),
    streamKeys: streamKeysRoutes(streamKeys, signedIn),
    sessions: sessionsRoutes(sessions, lists, { ...analytics, ...moderation }, signedIn, anybody),
    stage: stageRoutes(stage, signedIn, anybody),
    bans: bansRoutes(stage.bans, signedIn),
    analytics: analyticsRoutes(analytics.analytics, signedIn),
    audit: auditRoutes(new AuditService(new AuditRepo(database)), signedIn),
    chat: chatRoutes(chat, signedIn, anybody),
    viewing: viewingRoutes(viewing, signedIn, anybody),
    access: accessRoutes(accessService, signedIn, anybody),
    categories: categoriesRoutes(new CategoriesService(categories, logger), signedIn, anybody),
    bannedWords: bannedWordsRoutes(chat, signedIn),
    moderation: moderationRoutes(moderation, signedIn),
    reminders: remindersRoutes(reminders, signedIn),
    reports: reportsRoutes(reports, signedIn),
    platformModeration: platformModerationRoutes(moderation, signedIn),
    conversations: conversationsRoutes(conversations, signedIn),
    messages: messagesRoutes(conversations.messages, signedIn),
    notifications: notificationsRoutes(notifications, signedIn),
    push: pushRoutes(push, signedIn),
    restream: restreamRoutes(restream, signedIn),
    channels: channelsRoutes(sessions, anybody),
    people: peopleRoutes(people, signedIn, anybody),
    presence: presenceRoutes(presence, signedIn),
    secondFactor: secondFactorRoutes(identity.secondFactor, signedIn),
    wallet: walletRoutes(wallet, signedIn),
    money: moneyRoutes(wallet, signedIn),
    webhooks: webhooksRoutes(webhooks.webhooks, signedIn),
    admin: adminRoutes({ ...admin, ...personalData }, signedIn),
    gifts: giftsRoutes(gifts, signedIn, anybody),
    personalData: personalDataRoutes(personalData, signedIn),
    media: mediaRoutes(media.service, signedIn),
    statuses: statusesRoutes(statuses.service, signedIn),
    subscribers: subscribersRoutes(people.subscribers, signedIn),
    blocks: blocksRoutes(people.blocking, signedIn),
  } satisfies Router<Contract, RequestContext>;
  const gateway: Gateway = {
    handlers: {
      ...connectionHandlers((token) => signIns.authenticate(`Bearer ${token}`)),
      ...chatHandlers(chat),
      ...actHandlers({
        ...{ chat, conversations, gifts, moderation, reminders, signIns, viewing },
        ...{ reports, sessions, analytics, stage, accessService, people, statuses },
      }),
      ...conversationsHandlers(conversations),
      ...{ ...notificationsHandlers(notifications), ...presenceHandlers(presence) },
      ...{ ...healthHandlers(stage.health), ...reportsHandlers },
      ...restreamHandlers(restream),
      ...sessionsHandlers(sessions),
    },
    guards: {
      session: sessionGuard(sessions),
      conversation: conversationGuard(conversations),
      chat: chatGuard(chat),
      staff: staffGuard(chat),
      ...{ health: healthGuard(stage.health), reports: reportsGuard },
    },
    hiddenFrom: (user) => blocks.hiddenFrom(user),
    tracesHere: () => traces.hashesHere(),
    connected: [(client) => keeper.connected(client)],
    disconnected: [
      (client) => keeper.disconnected(client),
      (client) => conversations.typing.disconnected(client.id),
      chatLeft(chat),
    ],
  };
  return {
    signIns,
    phones: identity.phones,
    passwords: identity.passwords,
    emails: identity.emails,
    personalData,
    media,
    statuses,
    moderation,
    reports,
    payments: wallet.payments,
    board: admin.boardRoutes,
    giftNews: gifts.pump,
    reconciliation,
    giftAssets: gifts.assetRoutes,
    wallet,
    ...{ limits, gateway, room },
    delayedMessages: chat.delayed,
    viewing,
    analytics,
    webhooks,
    accessKeeping: letIn.keeping,
    conversationsSweep: conversations.sweep,
    typing: conversations.typing,
    sessions,
    sessionsRepo: repo,
    presenceKeeper: keeper,
    publishes: new PublishService({ ...shared, repo: new PublishRepo(database), limits }),
    notifications,
    push,
    outbox,
    duePushes,
    ...{ seats: stage.seats, directory: stage.directory, health: stage.health },
    restream,
    facts: new FactsHandler({
      ...{ ...shared, restream, toldLater, health: stage.health, stage: stage.facts, media: media.facts },
    }),
    sweep: new Sweep({
      ...{ ...shared, repo: new SweepRepo(database), sessions: repo, stage: stage.sweep },
      restreaming: (hostIds) => restream.hostsAmong(hostIds),
    }),
    router,
  };
}
export type Services = ReturnType<typeof createServices>;
