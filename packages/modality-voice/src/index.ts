import { definePlugin } from '@affinis/core';
import { voiceModality } from './modality.ts';

export { type AudioFormat, sniffAudioFormat } from './audio-format.ts';
export { decodeAudio } from './decode.ts';
export type { AudioLimits, DecodedAudio } from './decoded-audio.ts';
export { levelGain, raiseLevel } from './level.ts';
export { createMelTransform, type MelRule, type MelSpectrogram, melSpectrogram } from './mel.ts';
export { voiceModality } from './modality.ts';
export { toMono } from './mono.ts';
export { resample } from './resample.ts';
export { paddedLength, type SliceRule, sliceStarts } from './slices.ts';
export {
  createSileroVoiceActivity,
  keepSpeech,
  type Speech,
  type SpeechRule,
  type VoiceActivity,
} from './voice-activity.ts';

export default definePlugin({ name: '@affinis/modality-voice', modalities: [voiceModality] });
