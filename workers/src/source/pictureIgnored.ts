import type { Warning } from './conditioned.ts';

/** What the broadcaster of an audio session reads who sends a picture. */
export const pictureIgnored: Warning = {
  code: 'pictureIgnored',
  owner: 'source',
  message:
    'This is an audio session: the picture is not shown and not recorded. Send sound alone, or begin a video session.',
};
