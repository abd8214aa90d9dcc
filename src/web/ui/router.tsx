import { Anchor, type AnchorProps } from '@mantine/core';
import { useSyncExternalStore, type MouseEvent, type ReactNode } from 'react';

/** Path and query of the page; changes when a link is followed or the browser goes back. */
export function usePlace(): URL {
  const href = useSyncExternalStore(subscribe, () => window.location.href);
  return new URL(href);
}

function goTo(path: string): void {
  window.history.pushState(null, '', path);
  window.dispatchEvent(new PopStateEvent('popstate'));
  window.scrollTo(0, 0);
}

/** A link inside the page; with a modifier key it is an ordinary link. */
export function Link({
  to,
  children,
  ...rest
}: AnchorProps & { to: string; children: ReactNode }): ReactNode {
  return (
    <Anchor href={to} onClick={(event: MouseEvent) => follow(event, to)} {...rest}>
      {children}
    </Anchor>
  );
}

export function follow(event: MouseEvent, to: string): void {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  goTo(to);
}

function subscribe(callback: () => void): () => void {
  window.addEventListener('popstate', callback);
  return () => window.removeEventListener('popstate', callback);
}
