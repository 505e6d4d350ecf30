import { pageInput } from './people.ts';
import { sessionReminder } from './reminders.ts';
import { byId, nothing, route } from './route.ts';
import { sessionList } from './sessions.ts';

const tag = 'Reminders';

export const remindersContract = {
  set: route(
    'PUT',
    '/sessions/{id}/reminder',
    tag,
    'Be told before a scheduled session begins, and when it is live',
  )
    .input(byId)
    .output(sessionReminder),
  remove: route('DELETE', '/sessions/{id}/reminder', tag, 'Be told no more').input(byId).output(nothing),
  list: route('GET', '/me/reminders', tag, 'Sessions that one is to be reminded of, the newest wish first')
    .input(pageInput)
    .output(sessionList),
};
