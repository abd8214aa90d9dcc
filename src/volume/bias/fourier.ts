/** Complex numbers, as many as a power of two. */
export interface Spectrum {
  readonly real: Float64Array;
  readonly imaginary: Float64Array;
}

/** Discrete Fourier transform in place, radix 2 (Cooley and Tukey); the inverse divides by the length. */
export function transform(values: Spectrum, direction: 'forward' | 'inverse'): Spectrum {
  const { real, imaginary } = values;
  const n = real.length;
  reverseBits(values);
  for (let half = 1; half < n; half *= 2) {
    const angle = ((direction === 'forward' ? -1 : 1) * Math.PI) / half;
    for (let pair = 0; pair < half; pair += 1) butterflies(values, pair, half, angle);
  }
  if (direction === 'inverse')
    for (let index = 0; index < n; index += 1) {
      real[index]! /= n;
      imaginary[index]! /= n;
    }
  return values;
}

export function spectrumOf(real: Float64Array): Spectrum {
  return transform({ real: real.slice(), imaginary: new Float64Array(real.length) }, 'forward');
}

function butterflies({ real, imaginary }: Spectrum, pair: number, half: number, angle: number): void {
  const [cosine, sine] = [Math.cos(angle * pair), Math.sin(angle * pair)];
  for (let low = pair; low < real.length; low += 2 * half) {
    const high = low + half;
    const re = real[high]! * cosine - imaginary[high]! * sine;
    const im = real[high]! * sine + imaginary[high]! * cosine;
    real[high] = real[low]! - re;
    imaginary[high] = imaginary[low]! - im;
    real[low]! += re;
    imaginary[low]! += im;
  }
}

function reverseBits({ real, imaginary }: Spectrum): void {
  const n = real.length;
  let mirror = 0;
  for (let index = 1; index < n; index += 1) {
    let bit = n >> 1;
    for (; mirror & bit; bit >>= 1) mirror ^= bit;
    mirror ^= bit;
    if (index >= mirror) continue;
    [real[index], real[mirror]] = [real[mirror]!, real[index]!];
    [imaginary[index], imaginary[mirror]] = [imaginary[mirror]!, imaginary[index]!];
  }
}
