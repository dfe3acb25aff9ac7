import type { ScanForm } from '@affinis/core';
import type { ChunkLayout } from './chunk-layout.ts';
import type { PreparedQueries } from './prepare-queries.ts';
import type { ScanTask } from './protocol.ts';
import { ensureBias, ensureNorms, type RowDataOptions } from './row-data.ts';
import type { Scratch } from './scratch.ts';
import type { Shard } from './shard.ts';

/** The rows of one chunk that a task reads. */
export interface ChunkRows {
  /** Of the chunk. */
  readonly address: number;
  /** Of its first row. */
  readonly firstSlot: number;
  readonly count: number;
  /** Address of the bits of rows that can be found. */
  readonly live: number;
}

interface RowScan {
  readonly task: ScanTask;
  readonly form: ScanForm;
  readonly layout: ChunkLayout;
  readonly prepared: PreparedQueries;
  readonly shard: Shard;
  readonly scratch: Scratch;
  readonly rows: ChunkRows;
}

/** Calls the form's kernel over float32 rows, or the plain one where values need float64. */
export function scanRows(scan: RowScan): void {
  const { task, form, prepared, shard, layout } = scan;
  const wide = task.wide || prepared.wide;
  const ready = { ...scan, shard: wide ? { ...shard, kernels: shard.plain } : shard };
  if (form.kind === 'cosine') scanCosine(ready);
  else if (form.kind === 'dot') scanDot(ready, form.bias !== undefined);
  else if (form.kind === 'euclidean') scanEuclidean(ready);
  else if (form.kind === 'mls-llr') scanMlsLlr(ready);
  else if (layout.varianceKind === 'scalar') scanMlsScalar(ready);
  else scanMls(ready);
}

function scanCosine(scan: RowScan): void {
  ensureNorms(rowData(scan));
  dot(scan, 0, scan.rows.address + scan.layout.offsets.scale);
}

function scanDot(scan: RowScan, biased: boolean): void {
  if (biased) ensureBias(rowData(scan));
  dot(scan, biased ? scan.rows.address + scan.layout.offsets.bias : 0, 0);
}

function dot({ task, layout, shard, scratch, rows }: RowScan, bias: number, scale: number): void {
  const { address, firstSlot, count, live } = rows;
  const means = address + layout.offsets.means;
  const { heaps, queries } = scratch;
  const { stride } = layout;
  shard.kernels.scanDot(means, live, bias, scale, firstSlot, count, stride, queries, task.count, heaps, task.k);
}

function scanEuclidean({ task, layout, shard, scratch, rows }: RowScan): void {
  const { address, firstSlot, count, live } = rows;
  const means = address + layout.offsets.means;
  const { heaps, queries } = scratch;
  shard.kernels.scanEuclidean(means, live, firstSlot, count, layout.stride, queries, task.count, heaps, task.k);
}

function scanMls({ task, layout, prepared, shard, scratch, rows }: RowScan): void {
  const { stride, offsets } = layout;
  shard.kernels.scanMls(
    rows.address + offsets.means,
    rows.address + offsets.variances,
    rows.live,
    rows.firstSlot,
    rows.count,
    stride,
    scratch.queries,
    task.count,
    scratch.constants,
    prepared.factor,
    scratch.heaps,
    task.k,
  );
}

function scanMlsScalar({ task, layout, prepared, shard, scratch, rows }: RowScan): void {
  const { stride, dimension, offsets } = layout;
  shard.kernels.scanMlsScalar(
    rows.address + offsets.means,
    rows.address + offsets.variances,
    rows.live,
    rows.firstSlot,
    rows.count,
    stride,
    dimension,
    scratch.queries,
    prepared.variances ? scratch.variances : 0,
    task.count,
    scratch.constants,
    prepared.factor,
    scratch.heaps,
    task.k,
  );
}

function scanMlsLlr(scan: RowScan): void {
  ensureBias(rowData(scan));
  const { task, layout, prepared, shard, scratch, rows } = scan;
  const { stride, varianceKind, offsets } = layout;
  shard.kernels.scanMlsLlr(
    rows.address + offsets.means,
    rows.address + offsets.variances,
    varianceKind === 'scalar',
    rows.live,
    rows.address + offsets.bias,
    rows.firstSlot,
    rows.count,
    stride,
    scratch.queries,
    task.count,
    scratch.constants,
    prepared.factor,
    scratch.heaps,
    task.k,
  );
}

const rowData = ({ task, form, layout, shard, scratch, rows }: RowScan): RowDataOptions => ({
  kernels: shard.kernels,
  memory: shard.memory,
  layout,
  chunk: rows.address,
  count: rows.count,
  formId: task.form,
  form,
  varianceScale: task.varianceScale,
  scratch: scratch.rest,
});
