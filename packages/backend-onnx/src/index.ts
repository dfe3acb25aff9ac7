import { definePlugin } from '@affinis/core';
import { onnxBackend } from './onnx-backend.ts';

export { onnxBackend };

export default definePlugin({ name: '@affinis/backend-onnx', backends: [onnxBackend] });
