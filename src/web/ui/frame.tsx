import {
  AppShell,
  Button,
  Group,
  NavLink,
  Text,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import type { ReactNode } from 'react';
import type { Session } from '../contract.ts';
import { send } from './api.ts';
import { follow, usePlace } from './router.tsx';

const places = [
  { to: '/', label: 'Overview', adminOnly: false },
  { to: '/studies', label: 'Studies', adminOnly: false },
  { to: '/devices', label: 'Devices', adminOnly: false },
  { to: '/rules', label: 'Rules', adminOnly: false },
  { to: '/bundles', label: 'Bundles', adminOnly: false },
  { to: '/inference', label: 'Inference', adminOnly: true },
  { to: '/system', label: 'System', adminOnly: true },
];

/** Header, navigation and the page beside it. */
export function Frame({
  session,
  onLeave,
  children,
}: {
  session: Session;
  onLeave: () => void;
  children: ReactNode;
}): ReactNode {
  return (
    <AppShell header={{ height: 52 }} navbar={{ width: 170, breakpoint: 'sm' }} padding="md">
      <a className="skip-link" href="#content">
        Skip to the content
      </a>
      <AppShell.Header>
        <Header session={session} onLeave={onLeave} />
      </AppShell.Header>
      <AppShell.Navbar p="xs" component="nav" aria-label="Pages">
        <Navigation isAdmin={session.role === 'admin'} />
      </AppShell.Navbar>
      <AppShell.Main id="content">{children}</AppShell.Main>
    </AppShell>
  );
}

function Header({ session, onLeave }: { session: Session; onLeave: () => void }): ReactNode {
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme('light') === 'dark';
  const leave = (): void => {
    send('POST', '/api/logout').then(onLeave, onLeave);
  };
  return (
    <Group h="100%" px="md" justify="space-between" wrap="nowrap">
      <Group gap="sm" wrap="nowrap">
        <Text fw={700} fz="lg">
          Willis
        </Text>
        <Text fz="sm" c="#b23a00" darkHidden fw={600}>
          Models trained on phantoms: not for clinical use
        </Text>
        <Text fz="sm" c="orange.4" lightHidden fw={600}>
          Models trained on phantoms: not for clinical use
        </Text>
      </Group>
      <Group gap="xs" wrap="nowrap">
        <Text fz="sm">
          {session.name} ({session.role})
        </Text>
        <Button size="xs" variant="default" onClick={() => setColorScheme(isDark ? 'light' : 'dark')}>
          {isDark ? 'Light' : 'Dark'}
        </Button>
        <Button size="xs" variant="default" onClick={leave}>
          Sign out
        </Button>
      </Group>
    </Group>
  );
}

function Navigation({ isAdmin }: { isAdmin: boolean }): ReactNode {
  const { pathname } = usePlace();
  return places
    .filter(({ adminOnly }) => isAdmin || !adminOnly)
    .map(({ to, label }) => {
      const isHere = to === '/' ? pathname === '/' : pathname.startsWith(to);
      const isBelow = to === '/studies' && /^\/(series|viewer)\//.test(pathname);
      return (
        <NavLink
          key={to}
          href={to}
          label={label}
          active={isHere || isBelow}
          variant="filled"
          color="#1864ab"
          aria-current={isHere ? 'page' : undefined}
          onClick={(event) => follow(event, to)}
        />
      );
    });
}
