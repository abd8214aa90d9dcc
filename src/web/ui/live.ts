/** What can change while somebody looks. */
export type ChangeKind =
  'instance' | 'series' | 'analysis' | 'delivery' | 'job' | 'association' | 'settings' | 'log' | 'operation';

interface Listener {
  readonly kinds: readonly ChangeKind[];
  readonly callback: () => void;
}

const listeners = new Set<Listener>();
const pending = new Set<Listener>();
const stream: { source: EventSource | null } = { source: null };
/** A burst of images is one change for a page. */
const gatherMs = 400;

/** Calls back when something of `kinds` changed, at most a few times a second, until the returned function is called. */
export function onChange(kinds: readonly ChangeKind[], callback: () => void): () => void {
  const listener = { kinds, callback };
  listeners.add(listener);
  stream.source ??= connect();
  return () => {
    listeners.delete(listener);
    pending.delete(listener);
  };
}

/** Ends the stream; the next login opens one of its own. */
export function closeLive(): void {
  stream.source?.close();
  stream.source = null;
}

function connect(): EventSource {
  const source = new EventSource('/api/events');
  source.onmessage = (message: MessageEvent<string>) => {
    const { kind } = JSON.parse(message.data) as { kind: ChangeKind };
    for (const listener of listeners) if (listener.kinds.includes(kind)) schedule(listener);
  };
  // after a pause anything may have changed
  source.onopen = () => {
    for (const listener of listeners) schedule(listener);
  };
  return source;
}

function schedule(listener: Listener): void {
  if (pending.has(listener)) return;
  pending.add(listener);
  setTimeout(() => {
    if (pending.delete(listener)) listener.callback();
  }, gatherMs);
}
