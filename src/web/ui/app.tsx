import { Center, Loader } from '@mantine/core';
import { Suspense, lazy, useCallback, useEffect, useState, type ReactNode } from 'react';
import type { Door, Session } from '../contract.ts';
import { get, messageOf, setCsrfToken } from './api.ts';
import { Frame } from './frame.tsx';
import { closeLive } from './live.ts';
import { BundlesPage } from './pages/bundles.tsx';
import { DevicesPage } from './pages/devices.tsx';
import { DoorPage } from './pages/door.tsx';
import { InferencePage } from './pages/inference.tsx';
import { OverviewPage } from './pages/overview.tsx';
import { RulesPage } from './pages/rules.tsx';
import { SeriesPage } from './pages/series.tsx';
import { StudiesPage } from './pages/studies.tsx';
import { SystemPage } from './pages/system.tsx';
import { Fault } from './parts/fault.tsx';
import { usePlace } from './router.tsx';

/** The viewer brings a large library: it is loaded when somebody looks. */
const ViewerPage = lazy(async () => ({ default: (await import('./pages/viewer.tsx')).ViewerPage }));

/** Setup or login first, then the page the address names. */
export function App(): ReactNode {
  const [door, setDoor] = useState<Door | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const enter = useCallback((next: Door) => {
    setCsrfToken(next.session?.csrfToken ?? '');
    if (next.session === null) closeLive();
    setDoor(next);
  }, []);
  useEffect(() => {
    get<Door>('/api/door').then(enter, (error: unknown) => setFault(messageOf(error)));
  }, [enter]);
  if (fault !== null) return <Fault text={fault} />;
  if (door === null) return <Waiting />;
  if (door.session === null) return <DoorPage door={door} onEnter={enter} />;
  return (
    <Frame session={door.session} onLeave={() => enter({ ...door, setupNeeded: false, session: null })}>
      <Suspense fallback={<Waiting />}>
        <Page session={door.session} />
      </Suspense>
    </Frame>
  );
}

function Page({ session }: { session: Session }): ReactNode {
  const { pathname } = usePlace();
  const [, page = '', id = ''] = pathname.split('/');
  const isAdmin = session.role === 'admin';
  switch (page) {
    case 'studies':
      return <StudiesPage isAdmin={isAdmin} />;
    case 'series':
      return <SeriesPage id={id} isAdmin={isAdmin} />;
    case 'viewer':
      return <ViewerPage seriesId={id} reader={session.name} />;
    case 'devices':
      return <DevicesPage isAdmin={isAdmin} />;
    case 'rules':
      return <RulesPage isAdmin={isAdmin} />;
    case 'inference':
      return isAdmin ? <InferencePage /> : <OverviewPage isAdmin={false} />;
    case 'bundles':
      return <BundlesPage isAdmin={isAdmin} />;
    case 'system':
      return <SystemPage />;
    default:
      return <OverviewPage isAdmin={isAdmin} />;
  }
}

function Waiting(): ReactNode {
  return (
    <Center h="50vh">
      <Loader aria-label="Loading" />
    </Center>
  );
}
