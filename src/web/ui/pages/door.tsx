import { Button, Card, Center, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useState, type ReactNode, type SubmitEvent } from 'react';
import type { Door } from '../../contract.ts';
import { messageOf, send } from '../api.ts';
import { Fault } from '../parts/fault.tsx';

/** Signing in; on the first run, making the first administrator with the code from the console. */
export function DoorPage({ door, onEnter }: { door: Door; onEnter: (door: Door) => void }): ReactNode {
  const { setupNeeded, oidc } = door;
  const [values, setValues] = useState(empty);
  const [fault, setFault] = useState<string | null>(null);
  const field = (key: keyof typeof empty) => fieldOf(values, key, setValues);
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const { code, ...credentials } = values;
    const body = setupNeeded ? { code, ...credentials } : credentials;
    send<Door>('POST', setupNeeded ? '/api/setup' : '/api/login', body).then(onEnter, (error: unknown) =>
      setFault(messageOf(error)),
    );
  };
  return (
    <Center mih="90vh" component="main">
      <Card withBorder w={380} p="lg" shadow="sm">
        <form onSubmit={submit}>
          <Stack gap="sm">
            <Title order={1} fz="h2">
              {setupNeeded ? 'Set up Willis' : 'Willis'}
            </Title>
            {setupNeeded && (
              <>
                <Text fz="sm">
                  The node printed a code on its console when it started. It lets the first administrator in.
                </Text>
                <TextInput
                  label="Setup code"
                  placeholder="XXXX-XXXX-XXXX-XXXX-XXXX"
                  autoComplete="off"
                  {...field('code')}
                />
              </>
            )}
            <TextInput label="Name" autoComplete="username" {...field('name')} />
            <PasswordInput
              label="Password"
              description={setupNeeded ? 'At least 10 characters' : undefined}
              autoComplete={setupNeeded ? 'new-password' : 'current-password'}
              {...field('password')}
            />
            <Fault text={fault} />
            <Button type="submit">{setupNeeded ? 'Make the first administrator' : 'Sign in'}</Button>
            {oidc && !setupNeeded && (
              <Button component="a" href="/api/oidc/login" variant="default">
                Sign in with the hospital account
              </Button>
            )}
          </Stack>
        </form>
      </Card>
    </Center>
  );
}

const empty = { code: '', name: '', password: '' };
type Values = typeof empty;

/** What binds an input to one of the values. */
function fieldOf(values: Values, key: keyof Values, set: (change: (before: Values) => Values) => void) {
  return {
    value: values[key],
    onChange: (event: { currentTarget: { value: string } }) => {
      const { value } = event.currentTarget;
      set((before) => ({ ...before, [key]: value }));
    },
    required: true,
  };
}
