import { AffinisError } from '@affinis/core';
import fc from 'fast-check';
import { decodeAudio } from './decode.ts';
import { resample } from './resample.ts';
import { readSample } from './testing/data.ts';
import { writeFlac } from './testing/flac.ts';
import { cosine, tone } from './testing/signals.ts';
import { writeG711, writeWav } from './testing/wav.ts';

jest.mock('mpg123-decoder', () => jest.requireActual('./testing/esm-decoders.ts').loadEsm('mpg123-decoder'));
jest.mock('opus-decoder', () => jest.requireActual('./testing/esm-decoders.ts').loadEsm('opus-decoder'));
jest.mock('@wasm-audio-decoders/ogg-vorbis', () =>
  jest.requireActual('./testing/esm-decoders.ts').loadEsm('@wasm-audio-decoders/ogg-vorbis'),
);

const limits = { maxDurationMs: 600_000 };
const formats = ['voice.wav', 'voice.flac', 'voice.mp3', 'voice.ogg', 'voice.opus'] as const;
const checked = formats.filter((file) => file !== 'voice.wav' && file !== 'voice.mp3');

/** The decoders print what they think of a damaged file; that belongs to no test report. */
beforeAll(() => {
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
});

async function refusal(bytes: Uint8Array, mediaType?: string, maxDurationMs = 600_000): Promise<AffinisError> {
  try {
    await decodeAudio(bytes, { maxDurationMs }, mediaType);
  } catch (thrown) {
    if (thrown instanceof AffinisError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was refused');
}

/** Largest difference, after the codec's delay is undone. */
function bestCosine(reference: Float32Array, decoded: Float32Array): number {
  let best = -1;
  for (let delay = -1200; delay <= 1200; delay += 1) {
    const [a, b] = [Math.max(0, -delay), Math.max(0, delay)];
    const length = Math.min(reference.length - a, decoded.length - b, 8000);
    best = Math.max(best, cosine(reference.subarray(a, a + length), decoded.subarray(b, b + length)));
  }
  return best;
}

describe('decodeAudio', () => {
  const reference = () => decodeAudio(readSample('formats/voice.wav'), limits);

  it('gives the same samples from FLAC as from WAV', async () => {
    const [wav, flac] = [await reference(), await decodeAudio(readSample('formats/voice.flac'), limits)];
    expect(flac).toEqual(wav);
    expect(wav).toMatchObject({ sampleRateHz: 16_000, channels: 1 });
    expect(wav.samples.length).toBe(16_000);
  });

  it.each(['voice.mp3', 'voice.ogg', 'voice.opus'])('gives nearly the same sound from %s', async (file) => {
    const audio = await decodeAudio(readSample(`formats/${file}`), limits);
    expect(audio.channels).toBe(1);
    expect(audio.samples.length / audio.sampleRateHz).toBeGreaterThan(0.99);
    expect(audio.samples.length / audio.sampleRateHz).toBeLessThan(1.1);
    const samples = await resample(audio.samples, audio.sampleRateHz, 16_000);
    expect(bestCosine((await reference()).samples, samples)).toBeGreaterThan(0.95);
  });

  it('reads 8 kHz, and 24-bit stereo at 96 kHz', async () => {
    const narrow = await decodeAudio(readSample('formats/voice-8khz.wav'), limits);
    expect(narrow).toMatchObject({ sampleRateHz: 8000, channels: 1 });
    const wide = await decodeAudio(readSample('formats/voice-96khz-stereo-24bit.wav'), limits);
    expect(wide).toMatchObject({ sampleRateHz: 96_000, channels: 2 });
    const { samples } = await reference();
    const back = await resample(wide.samples, 96_000, 16_000);
    expect(cosine(back.subarray(0, 3500), samples.subarray(0, 3500))).toBeGreaterThan(0.99);
  });
});

describe('WAV', () => {
  const wave = tone(440, 16_000, 1600, 0.7);
  const integers = (bits: number) => wave.map((sample) => Math.round(sample * (2 ** (bits - 1) - 1)));

  it.each([
    ['8', integers(8).map((sample) => sample + 128), 0.01],
    ['16', integers(16), 1e-4],
    ['24', integers(24), 1e-6],
    ['32', Float64Array.from(wave, (sample) => Math.round(sample * (2 ** 31 - 1))), 1e-6],
    ['32f', wave, 1e-7],
    ['64', wave, 1e-7],
  ])('of %s bits', async (depth, samples, tolerance) => {
    const audio = await decodeAudio(writeWav([samples], 16_000, depth), limits);
    expect(audio.samples.length).toBe(1600);
    for (const [i, sample] of audio.samples.entries())
      expect(Math.abs(sample - (wave[i] ?? 0))).toBeLessThan(tolerance);
  });

  it.each(['alaw', 'mulaw'] as const)('of %s', async (law) => {
    const audio = await decodeAudio(writeG711(Int16Array.from(integers(16)), 8000, law), limits);
    expect(audio.sampleRateHz).toBe(8000);
    for (const [i, sample] of audio.samples.entries()) expect(Math.abs(sample - (wave[i] ?? 0))).toBeLessThan(0.03);
  });

  it('with WAVE_FORMAT_EXTENSIBLE, its channels averaged', async () => {
    const planes = [0, 100, 200, 300, 400, 500].map((offset) => Int16Array.of(offset, -offset, 0));
    const bytes = writeWav(planes, 48_000, '16');
    // wavefile writes the extension, but leaves the tag of plain PCM before it.
    expect(new DataView(bytes.buffer).getUint32(16, true)).toBe(40);
    new DataView(bytes.buffer).setUint16(20, 0xfffe, true);
    const audio = await decodeAudio(bytes, limits);
    expect(audio.channels).toBe(6);
    expect([...audio.samples]).toEqual([250 / 32_768, -250 / 32_768, 0]);
  });

  it('whose writer could not go back to state the size', async () => {
    const bytes = writeWav([integers(16)], 16_000, '16');
    for (const size of [0, 0xffff_ffff]) {
      new DataView(bytes.buffer).setUint32(40, size, true);
      expect((await decodeAudio(bytes, limits)).samples.length).toBe(1600);
    }
  });

  it.each([
    ['ADPCM', 20, 17, 'UNSUPPORTED_FORMAT'],
    ['no channel', 22, 0, 'UNSUPPORTED_FORMAT'],
    ['9 channels', 22, 9, 'UNSUPPORTED_FORMAT'],
    ['12 bits', 34, 12, 'UNSUPPORTED_FORMAT'],
    ['a frame size that fits nothing', 32, 7, 'UNDECODABLE'],
    ['a rate of 100 Hz', 24, 100, 'UNSUPPORTED_FORMAT'],
  ])('with %s is refused', async (_name, at, value, reason) => {
    const bytes = writeWav([integers(16)], 16_000, '16');
    new DataView(bytes.buffer).setUint16(at, value, true);
    expect((await refusal(bytes)).reason).toBe(reason);
  });

  it('with NaN is refused', async () => {
    expect((await refusal(writeWav([Float32Array.of(0, Number.NaN, 1)], 16_000, '32f'))).reason).toBe('UNDECODABLE');
  });
});

describe('FLAC', () => {
  /** The library compacts its samples by runs of bytes 0 and 255, so these are what must not mislead it. */
  const sample = fc.oneof(
    fc.constantFrom(0, -1, 1, 255, 256, -256, -255, 0x500, 0x5ff, -0x500, 32_767, -32_768),
    fc.integer({ min: -32_768, max: 32_767 }),
  );

  it.each([8, 16, 24])('of %s bits gives back the samples that were encoded', async (bits) => {
    await fc.assert(
      fc.asyncProperty(fc.array(sample, { minLength: 20, maxLength: 600 }), async (values) => {
        const samples = Int32Array.from(values, (value) => (bits === 24 ? value * 200 : value >> (16 - bits)));
        const audio = await decodeAudio(await writeFlac([samples], 16_000, bits), limits);
        expect([...audio.samples]).toEqual(Array.from(samples, (value) => value / 2 ** (bits - 1)));
      }),
      { numRuns: 100 },
    );
  });

  it('of two channels gives their mean', async () => {
    const [left, right] = [
      Int32Array.from({ length: 500 }, (_, i) => i),
      Int32Array.from({ length: 500 }, (_, i) => -3 * i),
    ];
    const audio = await decodeAudio(await writeFlac([left, right], 44_100, 16), limits);
    expect(audio).toMatchObject({ channels: 2, sampleRateHz: 44_100 });
    expect([...audio.samples]).toEqual(Array.from(left, (value) => (value === 0 ? 0 : -value / 32_768)));
  });
});

describe('refusals', () => {
  it.each(formats)('%s cut off anywhere', async (file) => {
    const bytes = readSample(`formats/${file}`);
    for (const share of [0.002, 0.05, 0.3, 0.7, 0.97]) {
      const error = await refusal(bytes.slice(0, Math.max(12, Math.floor(bytes.length * share))));
      expect(error).toMatchObject({ code: 'invalid-argument', field: 'media' });
      expect(['UNDECODABLE', 'UNSUPPORTED_FORMAT']).toContain(error.reason);
    }
  });

  it.each(checked)('%s with a damaged byte', async (file) => {
    for (const share of [0.5, 0.8]) {
      const bytes = readSample(`formats/${file}`);
      const at = Math.floor(bytes.length * share);
      bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      expect(await refusal(bytes)).toMatchObject({
        reason: 'UNDECODABLE',
        message: expect.stringMatching(/re-encode/),
      });
    }
  });

  it.each(formats)('%s longer than the limit', async (file) => {
    const error = await refusal(readSample(`formats/${file}`), undefined, 900);
    expect(error).toMatchObject({
      reason: 'TOO_LONG',
      field: 'media',
      message: expect.stringMatching(/maxDurationMs/),
    });
  });

  it('a FLAC bomb, whose header is silent about its length', async () => {
    const bytes = readSample('formats/voice.flac');
    bytes[21] = (bytes[21] ?? 0) & 0xf0;
    bytes.fill(0, 22, 26);
    expect((await refusal(bytes, undefined, 500)).reason).toBe('TOO_LONG');
  });

  it.each([
    [[], 'EMPTY', /empty/],
    [[0xff, 0xd8, 0xff, 0xe0], 'UNSUPPORTED_FORMAT', /JPEG.*send WAV, FLAC, MP3/],
    [[0x89, 0x50, 0x4e, 0x47], 'UNSUPPORTED_FORMAT', /PNG/],
    [[0, 0, 0, 24, 0x66, 0x74, 0x79, 0x70], 'UNSUPPORTED_FORMAT', /M4A/],
    [[1, 2, 3], 'UNSUPPORTED_FORMAT', /no known recording/],
  ])('%j is %s', async (bytes, reason, message) => {
    const error = await refusal(Uint8Array.from(bytes));
    expect(error).toMatchObject({ reason, field: 'media', message: expect.stringMatching(message) });
    expect(error.message.startsWith('[modality-voice]')).toBe(true);
  });

  it('a WAV file without sound', async () => {
    const bytes = writeWav([[]], 16_000, '16');
    expect((await refusal(bytes)).reason).toBe('EMPTY');
  });

  it('another media type than the content', async () => {
    const wav = readSample('formats/voice.wav');
    expect(await refusal(wav, 'audio/flac')).toMatchObject({ reason: 'MEDIA_TYPE_MISMATCH', field: 'media_type' });
    expect(await refusal(wav, 'constructor')).toMatchObject({ reason: 'MEDIA_TYPE_MISMATCH' });
    for (const type of ['', 'audio/wav', 'Audio/X-WAV; codecs=1', 'application/octet-stream'])
      expect((await decodeAudio(wav, limits, type)).samples.length).toBe(16_000);
    expect((await decodeAudio(readSample('formats/voice.opus'), limits, 'audio/ogg; codecs=opus')).channels).toBe(1);
  });
});

describe('any bytes', () => {
  const outcome = async (bytes: Uint8Array): Promise<boolean> => {
    try {
      return (await decodeAudio(bytes, { maxDurationMs: 5000 })).samples.every(Number.isFinite);
    } catch (thrown) {
      return thrown instanceof AffinisError && thrown.code === 'invalid-argument';
    }
  };
  const magics = [
    'RIFF\x24\0\0\0WAVEfmt ',
    'fLaC\0\0\0\x22',
    'OggS\0\x02',
    'ID3\x04\0\0\0\0\0\0',
    '\xff\xfb\x90\x64',
  ].map((text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0)));

  it('are decoded or refused, never a crash', async () => {
    const bytes = fc.tuple(fc.constantFrom(...magics), fc.uint8Array({ maxLength: 4000 }));
    await fc.assert(
      fc.asyncProperty(bytes, async ([magic, rest]) => {
        expect(await outcome(Uint8Array.from([...magic, ...rest]))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it.each(formats)('of %s with damage are decoded or refused, never a crash', async (file) => {
    const whole = readSample(`formats/${file}`);
    const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(damage, fc.nat(whole.length), async (changes, length) => {
        const bytes = whole.slice(0, whole.length - (length % 3 === 0 ? length : 0));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        expect(await outcome(bytes)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});
