import type { ImageInfo, SampleInfo } from '@affinis/core';
import * as pb from './generated/affinis/v1/sample_info.ts';
import { pointToProto } from './sample-codec.ts';

/** Undefined (a tensor, an embedding) becomes a message without content, so that a side's list keeps its positions. */
export function sampleInfoToProto(info: SampleInfo | undefined): pb.SampleInfo {
  switch (info?.kind) {
    case 'image':
      return { info: { $case: 'image', value: imageToProto(info) } };
    case 'voice': {
      const { kind: _, ...value } = info;
      return { info: { $case: 'voice', value } };
    }
    case 'text': {
      const { kind: _, ...value } = info;
      return { info: { $case: 'text', value } };
    }
    default:
      return { info: undefined };
  }
}

export function sampleInfoFromProto(message: pb.SampleInfo | undefined): SampleInfo | undefined {
  const info = message?.info;
  switch (info?.$case) {
    case 'image':
      return imageFromProto(info.value);
    case 'voice':
      return { kind: 'voice', ...info.value };
    case 'text':
      return { kind: 'text', ...info.value };
    default:
      return undefined;
  }
}

function imageToProto({ width, height, facesFound, face, landmarks = [] }: ImageInfo): pb.ImageInfo {
  return { width, height, facesFound, face, landmarks: landmarks.map(pointToProto) };
}

function imageFromProto({ width, height, facesFound, face, landmarks }: pb.ImageInfo): ImageInfo {
  return {
    kind: 'image',
    width,
    height,
    ...(facesFound === undefined ? {} : { facesFound }),
    ...(face ? { face: { box: face.box ?? pb.Box.create(), confidence: face.confidence } } : {}),
    ...(landmarks.length === 0 ? {} : { landmarks }),
  };
}
