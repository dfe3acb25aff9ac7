import { levelDbfs, levelGain, raiseLevel, rms } from './level.ts';
import { describeWithData, readDataJson, readFloats } from './testing/data.ts';
import { tone } from './testing/signals.ts';

const rule = { targetDbfs: -30, mode: 'raise-only' } as const;

it('raises a quiet tone to the target', () => {
  const raised = raiseLevel(tone(440, 16_000, 16_000, 0.001), rule);
  expect(20 * Math.log10(rms(raised))).toBeCloseTo(-30, 4);
});

it('leaves what is loud enough, and silence, as they are', () => {
  const loud = tone(440, 16_000, 16_000, 0.9);
  expect(raiseLevel(loud, rule)).toBe(loud);
  expect(levelGain(new Float32Array(100), rule)).toBe(1);
});

it('tells the level of a full-scale tone, whatever its offset, and of silence', () => {
  expect(levelDbfs(tone(1000, 16_000, 16_000, 1))).toBeCloseTo(-3.01, 2);
  expect(levelDbfs(tone(1000, 16_000, 16_000, 0.1).map((sample) => sample + 0.5))).toBeCloseTo(-23.01, 1);
  expect(levelDbfs(new Float32Array(100))).toBe(-Infinity);
});

describeWithData('levelGain', () => {
  it('gives the golden gain', () => {
    const wave = readFloats('reference/ge2e-golden-wave.npy').map((sample) => sample / 32_768);
    const { gain } = readDataJson<{ gain: number }>('reference/ge2e-golden.json');
    expect(levelGain(wave, rule) / gain).toBeCloseTo(1, 5);
  });
});
