import { blendWasm } from './blend.wasm.ts';

/** Values of `source` that fit into the working memory at once: 1 MB, so that it stays in the cache. */
export const lineCapacity = 0x40000;

/** `blend.wat` and its memory: what is to be filtered is laid into `source`, what comes out lies in `target`. */
export interface LineFilter {
  readonly source: Float32Array;
  readonly target: Float32Array;
  /**
   * target[i] = weights[0] * source[start + i] + sum of weights[k] * (source[start + i - k * stride] + source[start + i + k * stride]),
   * i from 0 to count - 1; `start` is at least reach * stride, and as much lies behind.
   */
  run(at: { readonly start: number; readonly count: number; readonly stride: number }): void;
}

/** A filter with the middle of its weights first; its memory is its own, so it serves one caller at a time. */
export function openLineFilter(weights: Float32Array): LineFilter {
  // the last values are worked on sixteen at a time
  const rest = 16;
  const length = lineCapacity + rest;
  const [from, to, list] = [0, 4 * length, 8 * length];
  const { memory, blend } = new WebAssembly.Instance(compiled()).exports as unknown as Exports;
  memory.grow(Math.ceil((list + 4 * weights.length) / 0x10000) - 1);
  new Float32Array(memory.buffer, list, weights.length).set(weights);
  return {
    source: new Float32Array(memory.buffer, from, lineCapacity),
    target: new Float32Array(memory.buffer, to, lineCapacity),
    run({ start, count, stride }) {
      blend(from + 4 * start, to, count, 4 * stride, list, weights.length - 1);
    },
  };
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly blend: (
    ...args: readonly [
      from: number,
      to: number,
      count: number,
      stride: number,
      weights: number,
      reach: number,
    ]
  ) => void;
}

let module: WebAssembly.Module | undefined;

function compiled(): WebAssembly.Module {
  module ??= new WebAssembly.Module(Buffer.from(blendWasm, 'base64'));
  return module;
}
