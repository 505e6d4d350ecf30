import type { LiveWindow } from '../LiveWindow.ts';
import { renderMultivariant } from '../playlists/multivariant.ts';
import { PlaylistText } from '../playlists/PlaylistText.ts';
import { renderIFrames, renderMedia, type LiveForm, type RenderedPlaylist } from '../renderLive.ts';
import { playlistAnswer } from './playlistAnswer.ts';
import type { PreparedAnswer } from './PreparedAnswer.ts';

export interface LivePlaylistKey {
  readonly type: 'media' | 'iFrames';
  readonly rendition: string;
  /** Its name below the playback. */
  readonly path: string;
}

export interface AnswerForm {
  readonly gzip: boolean;
  /** The request had directives: its answer is that of one version, and stays right for long. */
  readonly blocking: boolean;
}

interface Version {
  readonly version: number;
  readonly rendered: RenderedPlaylist | null;
  /** By coding and caching. */
  readonly answers: PreparedAnswer[];
}

/** Whole seconds; caches of playlist answers (PROTOCOLS A: blocking six target durations, plain half of one). */
export function playlistMaxAgeSec(targetDurationSec: number, blocking: boolean): number {
  return blocking ? 6 * targetDurationSec : Math.max(1, Math.floor(targetDurationSec / 2));
}

/** Playlists of one live window: each version is rendered and compressed once, when first asked for. */
export class LivePlaylists {
  readonly #window: LiveWindow;
  readonly #versions = new Map<string, Version>();

  constructor(window: LiveWindow) {
    this.#window = window;
  }

  /** Null when there is nothing to list yet, or nothing of that name. */
  full(key: LivePlaylistKey, form: AnswerForm): PreparedAnswer | null {
    return this.#answer(key, 'full', form);
  }

  /** A delta update, as long as a client that knew everything before `knownMsn` can apply it. */
  delta(key: LivePlaylistKey, form: AnswerForm, knownMsn: number | undefined): PreparedAnswer | null {
    const rendered = this.#version(key, 'delta').rendered;
    if (!rendered || (knownMsn !== undefined && knownMsn < rendered.firstListed)) return null;
    return this.#answer(key, 'delta', form);
  }

  /** Bit rates are measured on the way, so it is rendered anew with each part of any rendition. */
  multivariant(form: AnswerForm): PreparedAnswer | null {
    if (!this.#window.ready) return null;
    const versions = [...this.#window.renditions.values()].map((rendition) => rendition.version);
    const version = versions.reduce((sum, one) => sum + one, 0);
    const render = () => ({
      text: new PlaylistText(renderMultivariant(this.#window.renditionRecords())),
      firstListed: 0,
    });
    return this.#prepared(this.#current('multivariant', version, render), form);
  }

  #answer(key: LivePlaylistKey, liveForm: LiveForm, form: AnswerForm): PreparedAnswer | null {
    return this.#prepared(this.#version(key, liveForm), form);
  }

  #version(key: LivePlaylistKey, form: LiveForm): Version {
    const version = this.#window.rendition(key.rendition)?.version ?? 0;
    const render = key.type === 'media' ? renderMedia : renderIFrames;
    const name = form === 'full' ? key.path : `${key.path} delta`;
    return this.#current(name, version, () => render(this.#window, key.rendition, form));
  }

  #current(name: string, version: number, render: () => RenderedPlaylist | null): Version {
    const known = this.#versions.get(name);
    if (known?.version === version) return known;
    const fresh = { version, rendered: render(), answers: [] };
    if (fresh.rendered) this.#versions.set(name, fresh);
    return fresh;
  }

  #prepared(version: Version, form: AnswerForm): PreparedAnswer | null {
    if (!version.rendered) return null;
    const index = (form.gzip ? 2 : 0) + (form.blocking ? 1 : 0);
    const known = version.answers[index];
    if (known) return known;
    const maxAgeSec = playlistMaxAgeSec(this.#window.timing?.targetDurationSec ?? 1, form.blocking);
    const answer = playlistAnswer(version.rendered.text, form.gzip, maxAgeSec);
    version.answers[index] = answer;
    return answer;
  }
}
