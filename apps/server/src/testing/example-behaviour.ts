import type { CommandOutcome } from './run-affinis.ts';
import { samplePath } from './samples.ts';

export const examplePhotos = {
  obama: samplePath('faces/obama-1.jpg'),
  obamaLater: samplePath('faces/obama-2.jpg'),
  biden: samplePath('faces/biden-1.jpg'),
};
const storm = samplePath('voices/storm-1.flac');
const stormAgain = samplePath('voices/storm-2.flac');

/** What every example of a client does, whatever it is written in. */
export function behavesLikeAnExample(run: (...files: string[]) => Promise<CommandOutcome>): void {
  const { obama, obamaLater, biden } = examplePhotos;

  it('a match, and no match', async () => {
    expect(await run(obama, obamaLater)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^match: score \d/),
    });
    expect(await run(obama, biden)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^no_match: score \d/) });
  });

  it('voices', async () => {
    const { code, stdout } = await run(storm, stormAgain);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^match: .*voice/)]);
  });

  it('what the server cannot answer', async () => {
    const { code, stderr } = await run(obama, samplePath('README.md'));
    expect(code).toBe(1);
    expect(stderr).toMatch(/INVALID_ARGUMENT|invalid-argument|InvalidArgument/);
  });
}
