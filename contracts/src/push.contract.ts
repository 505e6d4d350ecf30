import { z } from 'zod';
import { pushConfig, pushDevice, pushDeviceInput } from './push.ts';
import { byId, nothing, route } from './route.ts';

const tag = 'Notifications';

export const pushContract = {
  config: route('GET', '/push/config', tag, 'What is needed to take pushes').output(pushConfig),
  register: route('PUT', '/me/push-devices', tag, 'Take pushes on this device, as long as its sign-in lasts')
    .input(pushDeviceInput)
    .output(pushDevice),
  list: route('GET', '/me/push-devices', tag, 'Own devices that take pushes').output(
    z.object({ items: z.array(pushDevice) }),
  ),
  remove: route('DELETE', '/me/push-devices/{id}', tag, 'Take no pushes on a device any more')
    .input(byId)
    .output(nothing),
};
