import { foldText, tagKey } from '@maydan/contracts';

interface Texts {
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly tags?: string[] | undefined;
}

/** The columns of what hosts write about a session, each with that by which it is found: they are written together. */
export function textColumns({ title, description, tags }: Texts) {
  return {
    ...(title === undefined ? {} : { title, titleKey: foldText(title) }),
    ...(description === undefined ? {} : { description, descriptionKey: foldText(description) }),
    ...(tags === undefined ? {} : { tags, tagKeys: tags.map(tagKey) }),
  };
}
