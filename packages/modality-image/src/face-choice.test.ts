import type { Face } from './detector.ts';
import { chooseFace } from './face-choice.ts';

const face = (side: number): Face => ({ confidence: 1 / side, box: { x: 0, y: 0, width: side, height: side } });
const [small, large, elbow] = [face(10), face(30), face(99)];
const points = [{ x: 1, y: 2 }];

describe('choosing a face', () => {
  it('takes the largest that has the landmarks of a face, and asks for no more', async () => {
    const asked: Face[] = [];
    const confirm = async (candidate: Face) => {
      asked.push(candidate);
      return candidate === elbow ? undefined : points;
    };
    expect(await chooseFace([small, elbow, large], 'largest', confirm)).toEqual({ face: large, landmarks: points });
    expect(asked).toEqual([elbow, large]);
  });

  it('counts only those for `single`', async () => {
    const confirm = async (candidate: Face) => (candidate === elbow ? undefined : points);
    expect((await chooseFace([elbow, small], 'single', confirm)).face).toBe(small);
    await expect(chooseFace([elbow, small, large], 'single', confirm)).rejects.toMatchObject({
      reason: 'SEVERAL_FACES',
      message: expect.stringContaining('2 faces'),
    });
  });

  it('says so where none is left', async () => {
    for (const faces of [[], [elbow]])
      await expect(chooseFace(faces, 'largest', async () => undefined)).rejects.toMatchObject({ reason: 'NO_FACE' });
  });
});
