/** Instances a minute, over the last `minutes`, counted in memory since the node started. */
export interface Throughput {
  count(at: number): void;
  /** One number a minute, oldest first; the last one is the running minute. */
  perMinute(now: number): readonly number[];
}

export function openThroughput(minutes: number): Throughput {
  const counts = new Array<number>(minutes).fill(0);
  let current = 0;
  const advance = (at: number): void => {
    const minute = Math.floor(at / 60_000);
    if (minute - current >= minutes) counts.fill(0);
    else for (let passed = current + 1; passed <= minute; passed += 1) counts[passed % minutes] = 0;
    current = Math.max(current, minute);
  };
  return {
    count: (at) => {
      advance(at);
      counts[current % minutes]! += 1;
    },
    perMinute: (now) => {
      advance(now);
      return counts.map((_, index) => counts[(current + 1 + index) % minutes]!);
    },
  };
}
