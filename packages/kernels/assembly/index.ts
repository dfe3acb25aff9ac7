export { scanDot } from './dot';
export { scanEuclidean } from './euclidean';
export { scanMls, scanMlsScalar } from './mls';
export { biasMlsLlr, scanMlsLlr } from './mls-llr';
export { encode, foreseeCodes, scanCodes } from './codes';
export { project } from './project';
