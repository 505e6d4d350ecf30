import type { Handlers } from '../realtime/gateway.ts';
import type { NotificationsService } from './notifications.service.ts';

/** Notifications over sockets. */
export function notificationsHandlers(
  notifications: NotificationsService,
): Pick<Handlers, 'notifications:read'> {
  return { 'notifications:read': (input, client) => notifications.read(client.user, input) };
}
