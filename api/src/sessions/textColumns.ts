import { tagKey } from '@maydan/contracts';

interface Texts {
  readonly tags?: string[] | undefined;
}

/** The columns of what hosts write about a session, each with that by which it is found: they are written together. */
export function textColumns({ tags }: Texts) {
  return tags === undefined ? {} : { tags, tagKeys: tags.map(tagKey) };
}
