/** What ships, taken away again: a pipeline that is missing here stops the server with its name. */
const shipped = ['cosine', 'mls', 'mls-llr'].flatMap((metric) =>
  ['face', 'voice', 'text'].map((of) => `${of}-${metric}`),
);
const pipelines = ['face', 'voice', 'text', 'face-euclidean', ...shipped];

/** Sections of an affinis.yaml that loads no model: what is given instead, and the default pipeline of every kind. */
export const withoutModels = (given: {
  readonly embedders: string;
  /** Lines of `pipelines`, without their indentation. */
  readonly pipelines: readonly string[];
  readonly pipeline: string;
}): string => `embedders: { face: null, voice: null, text: null, ${given.embedders} }
pipelines:
${[...pipelines.map((name) => `${name}: null`), ...given.pipelines].map((line) => `  ${line}`).join('\n')}
defaults: { image: ${given.pipeline}, voice: ${given.pipeline}, text: ${given.pipeline} }
workers: { count: 1 }`;
