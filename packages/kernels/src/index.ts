export { availableKernels, type KernelKind } from './load-kernels.ts';
export { createRowIndexFactory, type RowIndexFactoryOptions } from './row-index.ts';
