import { elementCount, type Point, type Sample, type SampleOrEmbedding, type Tensor } from '@affinis/core';
import { bytesOf, copyOf, floatsFromBytes, invalid } from './bytes.ts';
import { embeddingFromProto, embeddingToProto } from './embedding-codec.ts';
import * as pb from './generated/affinis/v1/sample.ts';

const maxTensorDimensions = 8;
const sampleRates = { least: 8000, most: 192_000 };
const maxChannels = 8;

/**
 * What a request's sample holds. Media and uint8 tensors stay views into the message; other numbers are copied out of it. Throws
 * `invalid-argument` under `field` (`left.samples[0].media.data`) where the shape is wrong; what the bytes mean is the
 * modality's business.
 */
export function sampleFromProto(message: pb.Sample | undefined, field: string): SampleOrEmbedding {
  const content = message?.content;
  switch (content?.$case) {
    case 'media':
      return mediaFromProto(content.value, `${field}.media`);
    case 'pcm':
      return pcmFromProto(content.value, `${field}.pcm`);
    case 'text':
      return { kind: 'text', text: content.value };
    case 'tensor':
      return { kind: 'tensor', tensor: tensorFromProto(content.value, `${field}.tensor`) };
    case 'embedding':
      return { kind: 'embedding', embedding: embeddingFromProto(content.value, `${field}.embedding`) };
    default:
      throw invalid('is empty; send media, pcm, text, a tensor or an embedding', field, 'EMPTY');
  }
}

/** Arrays are not copied: encode the message before they change. Throws `invalid-argument` for text with lone surrogates. */
export function sampleToProto(sample: SampleOrEmbedding): pb.Sample {
  switch (sample.kind) {
    case 'media': {
      const { bytes: data, mediaType = '', landmarks = [] } = sample;
      return {
        content: {
          $case: 'media',
          value: { data, mediaType, landmarks: landmarks.map(pointToProto), chunkedBytes: 0n },
        },
      };
    }
    case 'pcm': {
      const { samples, sampleRateHz, channels } = sample;
      const encoding = pb.PcmEncoding.FLOAT32;
      return {
        content: {
          $case: 'pcm',
          value: { samples: bytesOf(samples), encoding, sampleRateHz, channels, chunkedBytes: 0n },
        },
      };
    }
    case 'text':
      if (/\p{Surrogate}/u.test(sample.text))
        throw invalid('holds a lone surrogate, which is no character', 'text', 'MALFORMED_TEXT');
      return { content: { $case: 'text', value: sample.text } };
    case 'tensor':
      return { content: { $case: 'tensor', value: tensorToProto(sample.tensor) } };
    case 'embedding':
      return { content: { $case: 'embedding', value: embeddingToProto(sample.embedding) } };
  }
}

/** A sample that an embedder takes: anything but an embedding. */
export function rawSampleFromProto(message: pb.Sample | undefined, field: string): Sample {
  if (message?.content?.$case === 'embedding')
    throw invalid('is an embedding already; send it to Score, Verify or Compare', field, 'ALREADY_EMBEDDED');
  return sampleFromProto(message, field) as Sample;
}

export const pointToProto = ({ x, y }: Point): pb.Point => ({ x, y });

function mediaFromProto({ data, mediaType, landmarks, chunkedBytes }: pb.Media, field: string): Sample {
  refuseChunked(chunkedBytes, field);
  if (data.byteLength === 0) throw invalid('is empty; send the whole file', `${field}.data`, 'EMPTY');
  if (landmarks.length !== 0 && landmarks.length !== 5)
    throw invalid(`has ${landmarks.length} points; send five or none`, `${field}.landmarks`);
  for (const [index, { x, y }] of landmarks.entries())
    if (!Number.isFinite(x) || !Number.isFinite(y))
      throw invalid('holds NaN or infinity', `${field}.landmarks[${index}]`);
  return {
    kind: 'media',
    bytes: data,
    ...(mediaType === '' ? {} : { mediaType }),
    ...(landmarks.length === 0 ? {} : { landmarks }),
  };
}

function pcmFromProto(message: pb.Pcm, field: string): Sample {
  refuseChunked(message.chunkedBytes, field);
  const { sampleRateHz } = message;
  const channels = message.channels || 1;
  if (sampleRateHz < sampleRates.least || sampleRateHz > sampleRates.most)
    throw invalid(`is ${sampleRateHz}, outside ${sampleRates.least} to ${sampleRates.most}`, `${field}.sample_rate_hz`);
  if (channels > maxChannels) throw invalid(`is ${channels}; the most is ${maxChannels}`, `${field}.channels`);
  if (message.samples.byteLength === 0) throw invalid('is empty', `${field}.samples`, 'EMPTY');
  const samples = pcmValues(message, field);
  if (samples.length % channels !== 0)
    throw invalid(`holds ${samples.length} values, no multiple of ${channels} channels`, `${field}.samples`);
  return { kind: 'pcm', samples, sampleRateHz, channels };
}

function pcmValues({ samples, encoding }: pb.Pcm, field: string): Float32Array {
  switch (encoding) {
    case pb.PcmEncoding.UNSPECIFIED:
    case pb.PcmEncoding.FLOAT32:
      return floatsFromBytes(samples, `${field}.samples`);
    case pb.PcmEncoding.INT16:
      if (samples.byteLength % 2 !== 0)
        throw invalid(`is ${samples.byteLength} bytes, no multiple of 2; send int16 values`, `${field}.samples`);
      return new Float32Array(new Int16Array(copyOf(samples))).map((value) => value / 32768);
    default:
      throw invalid('is unknown', `${field}.encoding`);
  }
}

function tensorFromProto({ dataType, shape, data, chunkedBytes }: pb.Tensor, field: string): Tensor {
  refuseChunked(chunkedBytes, field);
  if (shape.length < 1 || shape.length > maxTensorDimensions)
    throw invalid(`has ${shape.length} dimensions, outside 1 to ${maxTensorDimensions}`, `${field}.shape`);
  if (shape.includes(0)) throw invalid('holds a 0; every dimension has at least one element', `${field}.shape`);
  const size = elementBytes[dataType];
  if (size === undefined) throw invalid('is missing or unknown', `${field}.data_type`);
  const expected = elementCount(shape) * size;
  if (data.byteLength !== expected)
    throw invalid(`is ${data.byteLength} bytes where the shape [${shape.join(', ')}] has ${expected}`, `${field}.data`);
  // Bytes need no alignment: like media, they stay where they are until a worker takes its copy.
  if (dataType === pb.DataType.UINT8) return { dtype: 'uint8', shape, data };
  return tensorOf(dataType, shape, copyOf(data));
}

const elementBytes: Readonly<Record<number, number>> = {
  [pb.DataType.FLOAT32]: 4,
  [pb.DataType.UINT8]: 1,
  [pb.DataType.INT32]: 4,
  [pb.DataType.INT64]: 8,
};

function tensorOf(dataType: pb.DataType, shape: readonly number[], buffer: ArrayBuffer): Tensor {
  switch (dataType) {
    case pb.DataType.INT32:
      return { dtype: 'int32', shape, data: new Int32Array(buffer) };
    case pb.DataType.INT64:
      return { dtype: 'int64', shape, data: new BigInt64Array(buffer) };
    default:
      return { dtype: 'float32', shape, data: new Float32Array(buffer) };
  }
}

function tensorToProto({ dtype, shape, data }: Tensor): pb.Tensor {
  const types = {
    float32: pb.DataType.FLOAT32,
    uint8: pb.DataType.UINT8,
    int32: pb.DataType.INT32,
    int64: pb.DataType.INT64,
  };
  return { dataType: types[dtype], shape: [...shape], data: bytesOf(data), chunkedBytes: 0n };
}

function refuseChunked(chunkedBytes: bigint, field: string): void {
  if (chunkedBytes > 0n)
    throw invalid('is above zero, but only a stream carries chunks', `${field}.chunked_bytes`, 'CHUNKS_WITHOUT_STREAM');
}
