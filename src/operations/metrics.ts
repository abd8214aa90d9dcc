import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** What the node counts, in the Prometheus text format. Labels hold no patient data and no AE title of a stranger. */
export interface Metrics {
  instance(outcome: 'stored' | 'refused', from: 'dicom' | 'stow', sizeBytes: number): void;
  association(ending: string): void;
  analysis(pipeline: string, state: string, seconds: number): void;
  delivered(destination: string, objects: number): void;
  jobFailed(kind: string, next: 'retry' | 'dead'): void;
  request(method: string, route: string, status: number): void;
  /** Gauges read when somebody asks. */
  watch(read: () => Promise<Gauges>): void;
  text(): Promise<string>;
  readonly contentType: string;
}

export interface Gauges {
  readonly diskFreeBytes: number;
  /** Jobs by state and kind. */
  readonly jobs: readonly { readonly state: string; readonly kind: string; readonly count: number }[];
}

export function openMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counters = makeCounters(registry);
  const analysisSeconds = new Histogram({
    name: 'willis_analysis_seconds',
    help: 'Time of one analysis, loading to results',
    labelNames: ['pipeline'],
    buckets: [1, 2, 5, 10, 15, 30, 60, 120, 300],
    registers: [registry],
  });
  return {
    instance: (outcome, from, sizeBytes) => {
      counters.instances.inc({ outcome, from });
      if (outcome === 'stored') counters.bytes.inc({ from }, sizeBytes);
    },
    association: (ending) => counters.associations.inc({ ending }),
    analysis: (pipeline, state, seconds) => {
      counters.analyses.inc({ pipeline, state });
      analysisSeconds.observe({ pipeline }, seconds);
    },
    delivered: (destination, objects) => counters.delivered.inc({ destination }, objects),
    jobFailed: (kind, next) => counters.jobFailures.inc({ kind, next }),
    request: (method, route, status) => counters.requests.inc({ method, route, status: String(status) }),
    watch: (read) => watchGauges(registry, read),
    text: async () => await registry.metrics(),
    contentType: registry.contentType,
  };
}

function makeCounters(
  registry: Registry,
): Record<
  'instances' | 'bytes' | 'associations' | 'analyses' | 'delivered' | 'jobFailures' | 'requests',
  Counter
> {
  const counter = (name: string, help: string, labelNames: string[]): Counter =>
    new Counter({ name: `willis_${name}`, help, labelNames, registers: [registry] });
  return {
    instances: counter('instances_total', 'Instances that arrived, by outcome', ['outcome', 'from']),
    bytes: counter('instance_bytes_total', 'Bytes of stored instances', ['from']),
    associations: counter('associations_total', 'DICOM associations, by how they ended', ['ending']),
    analyses: counter('analyses_total', 'Analyses, by outcome', ['pipeline', 'state']),
    delivered: counter('delivered_total', 'Result objects a destination stored', ['destination']),
    jobFailures: counter('job_failures_total', 'Failed tries of jobs', ['kind', 'next']),
    requests: counter('http_requests_total', 'Web requests', ['method', 'route', 'status']),
  };
}

function watchGauges(registry: Registry, read: () => Promise<Gauges>): void {
  const disk = new Gauge({ name: 'willis_disk_free_bytes', help: 'Free bytes', registers: [registry] });
  new Gauge({
    name: 'willis_jobs',
    help: 'Jobs in the queue, by state and kind',
    labelNames: ['state', 'kind'],
    registers: [registry],
    async collect() {
      const gauges = await read();
      disk.set(gauges.diskFreeBytes);
      this.reset();
      for (const { state, kind, count } of gauges.jobs) this.set({ state, kind }, count);
    },
  });
}
