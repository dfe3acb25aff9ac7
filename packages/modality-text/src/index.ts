import { definePlugin } from '@affinis/core';
import { textModality } from './text-modality.ts';

export { textModality };

export default definePlugin({ name: '@affinis/modality-text', modalities: [textModality] });
