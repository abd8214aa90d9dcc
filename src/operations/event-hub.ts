/** Something changed; subscribers ask for what they show. Carries ids only, never patient data. */
export interface NodeEvent {
  readonly kind:
    | 'instance'
    | 'series'
    | 'analysis'
    | 'delivery'
    | 'job'
    | 'association'
    | 'settings'
    | 'log'
    | 'operation';
  readonly seriesId?: number;
  readonly analysisId?: number;
}

export interface EventHub {
  publish(event: NodeEvent): void;
  /** Calls back for each event until the returned function is called. */
  subscribe(listener: (event: NodeEvent) => void): () => void;
  readonly subscribers: number;
}

export function openEventHub(): EventHub {
  const listeners = new Set<(event: NodeEvent) => void>();
  return {
    publish: (event) => {
      for (const listener of listeners) listener(event);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    get subscribers() {
      return listeners.size;
    },
  };
}
