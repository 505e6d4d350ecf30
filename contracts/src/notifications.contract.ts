import {
  notificationListInput,
  notificationPage,
  notificationReadInput,
  notificationSettings,
  notificationSettingsInput,
  notificationsUnread,
} from './notifications.ts';
import { byId, nothing, route } from './route.ts';

const tag = 'Notifications';

export const notificationsContract = {
  list: route('GET', '/me/notifications', tag, 'What one was told, the newest first')
    .input(notificationListInput)
    .output(notificationPage),
  unread: route('GET', '/me/notifications/unread', tag, 'How many are unread').output(notificationsUnread),
  read: route('POST', '/me/notifications/read', tag, 'Mark some or all as read')
    .input(notificationReadInput)
    .output(notificationsUnread),
  remove: route('DELETE', '/me/notifications/{id}', tag, 'Delete one').input(byId).output(nothing),
  settings: route('GET', '/me/notification-settings', tag, 'What one wants to be told of, and when').output(
    notificationSettings,
  ),
  changeSettings: route('PATCH', '/me/notification-settings', tag, 'Change what one wants to be told of')
    .input(notificationSettingsInput)
    .output(notificationSettings),
};
