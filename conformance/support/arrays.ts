import { seededRandom } from '../../src/evaluation/intervals.ts';

export function seededNoise(seed: number, length: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length }, random);
}
