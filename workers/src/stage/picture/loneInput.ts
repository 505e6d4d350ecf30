import type { ShownPerson } from '../compose/Compositor.ts';
import type { VideoInput } from '../room/VideoInput.ts';

/**
 * The camera of somebody who is alone on stage and sends H.264: there is nothing to compose. Null otherwise. Somebody whose
 * picture has layers isn't passed on, since it changes its size with the network.
 */
export function loneInput(people: readonly ShownPerson[]): VideoInput | null {
  const [only] = people;
  if (people.length !== 1 || only === undefined || only.screen !== null) return null;
  const { camera, hasLayers } = only;
  return camera?.codec === 'h264' && !hasLayers ? camera : null;
}
