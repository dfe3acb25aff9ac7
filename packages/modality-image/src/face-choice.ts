import type { Point } from '@affinis/core';
import type { Face } from './detector.ts';
import { badSample } from './errors.ts';

/** `largest`: the one with the largest box. `single`: an error where there are several. */
export type FaceChoice = 'largest' | 'single';

/** A face whose landmarks are those of a face. */
export interface ConfirmedFace {
  readonly face: Face;
  readonly landmarks: readonly Point[];
}

/**
 * The face to embed. `confirm` gives a face's landmarks, or undefined for what only looked like a face to the detector;
 * it is asked the largest first, and no more often than the choice needs. Throws NO_FACE and SEVERAL_FACES.
 */
export async function chooseFace(
  faces: readonly Face[],
  choice: FaceChoice,
  confirm: (face: Face) => Promise<readonly Point[] | undefined>,
): Promise<ConfirmedFace> {
  const confirmed: ConfirmedFace[] = [];
  for (const face of [...faces].sort((one, other) => area(other) - area(one))) {
    const landmarks = await confirm(face);
    if (landmarks) confirmed.push({ face, landmarks });
    if (confirmed.length > 0 && choice === 'largest') break;
  }
  const [first, second] = confirmed;
  if (!first)
    throw badSample(
      'media',
      'NO_FACE',
      'no face was found; send a sharper or closer picture, or the five landmarks of the face',
    );
  if (second)
    throw badSample(
      'media',
      'SEVERAL_FACES',
      `${confirmed.length} faces were found where one is expected; crop the picture, send landmarks, or set faces: largest`,
    );
  return first;
}

const area = ({ box }: Face) => box.width * box.height;
