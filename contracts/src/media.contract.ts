import { media, mediaCreated, mediaCreateInput, mediaPage } from './media.ts';
import { pageInput } from './people.ts';
import { byId, nothing, route } from './route.ts';

/**
 * Files of people. A file can also be sent through the api: `PUT /media/{id}/content`, with the announced type and length,
 * answers as `complete` does.
 */
export const mediaContract = {
  create: route('POST', '/media', 'Media', 'Announce a file; the answer says where to send it', 201)
    .input(mediaCreateInput)
    .output(mediaCreated),
  complete: route(
    'POST',
    '/media/{id}/complete',
    'Media',
    'Say that the file was sent; its content is checked',
  )
    .input(byId)
    .output(media),
  list: route(
    'GET',
    '/media',
    'Media',
    'Own files, the newest first, with addresses that are good for a while',
  )
    .input(pageInput)
    .output(mediaPage),
  get: route('GET', '/media/{id}', 'Media', 'A file, with addresses for those who may see it')
    .input(byId)
    .output(media),
  remove: route('DELETE', '/media/{id}', 'Media', 'Delete an own file, wherever it is used')
    .input(byId)
    .output(nothing),
};
