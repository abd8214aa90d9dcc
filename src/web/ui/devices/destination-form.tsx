import {
  Button,
  Checkbox,
  Fieldset,
  Group,
  MultiSelect,
  NativeSelect,
  NumberInput,
  PasswordInput,
  SegmentedControl,
  Stack,
  TextInput,
  Textarea,
} from '@mantine/core';
import { useState, type ReactNode, type SubmitEvent } from 'react';
import type { DestinationLine, Devices } from '../../contract.ts';
import { messageOf, send } from '../api.ts';
import { Fault } from '../parts/fault.tsx';
import { valuesOf, writtenOf, type DestinationValues } from './destination-values.ts';

interface Part {
  readonly values: DestinationValues;
  readonly change: (part: Partial<DestinationValues>) => void;
}

/** Adds a destination, or changes one; what the form does not show stays as it was written. */
export function DestinationForm({
  devices,
  line,
  onDone,
}: {
  devices: Devices;
  line: DestinationLine | null;
  onDone: () => void;
}): ReactNode {
  const before = line?.configured ?? null;
  const [values, setValues] = useState(valuesOf(before));
  const [fault, setFault] = useState<string | null>(null);
  const change: Part['change'] = (part) => setValues((old) => ({ ...old, ...part }));
  const save = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const body = { settingsSha256: devices.settingsSha256, destination: writtenOf(values, before) };
    const name = encodeURIComponent(line?.name ?? values.name);
    send('PUT', `/api/destinations/${name}`, body).then(onDone, (error: unknown) =>
      setFault(messageOf(error)),
    );
  };
  const part = { values, change };
  return (
    <form onSubmit={save} aria-label="Destination">
      <Stack gap="sm">
        <Group align="end">
          <TextInput
            label="Name"
            value={values.name}
            onChange={(event) => change({ name: event.currentTarget.value })}
            data-autofocus
          />
          <SegmentedControl
            aria-label="How results go there"
            data={[
              { value: 'dicom', label: 'C-STORE' },
              { value: 'stow-rs', label: 'STOW-RS' },
            ]}
            value={values.type}
            onChange={(type) => change({ type })}
          />
        </Group>
        {values.type === 'dicom' ? <DicomPart {...part} /> : <WebPart {...part} />}
        <ResultsPart {...part} kinds={devices.resultKinds} />
        <TlsPart {...part} />
        <NoticesPart {...part} />
        <Fault text={fault} />
        <Group>
          <Button type="submit">{line === null ? 'Save destination' : 'Save changes'}</Button>
        </Group>
      </Stack>
    </form>
  );
}

function DicomPart({ values, change }: Part): ReactNode {
  return (
    <Group align="end">
      <TextInput
        label="AE title"
        value={values.aeTitle}
        onChange={(event) => change({ aeTitle: event.currentTarget.value })}
      />
      <TextInput
        label="Host"
        value={values.host}
        onChange={(event) => change({ host: event.currentTarget.value })}
      />
      <PortInput label="Port" value={values.port} onChange={(port) => change({ port })} />
      <Checkbox
        label="Ask for storage commitment"
        checked={values.commitment}
        onChange={(event) => change({ commitment: event.currentTarget.checked })}
        pb={8}
      />
    </Group>
  );
}

function WebPart({ values, change }: Part): ReactNode {
  return (
    <>
      <TextInput
        label="DICOMweb root"
        description="The part before /studies"
        placeholder="https://pacs.example/dicom-web"
        value={values.url}
        onChange={(event) => change({ url: event.currentTarget.value })}
      />
      <Group align="start" grow>
        <PasswordInput
          label="Bearer token"
          autoComplete="off"
          value={values.bearerToken}
          onChange={(event) => change({ bearerToken: event.currentTarget.value })}
        />
        <TextInput
          label="User"
          autoComplete="off"
          value={values.user}
          onChange={(event) => change({ user: event.currentTarget.value })}
        />
        <PasswordInput
          label="Password of that user"
          autoComplete="off"
          value={values.password}
          onChange={(event) => change({ password: event.currentTarget.value })}
        />
      </Group>
      <Textarea
        label="Headers, a line each"
        description="What is stored is shown as (hidden), and kept unless you type something else"
        placeholder="X-Api-Key: ..."
        autosize
        value={values.headers}
        onChange={(event) => change({ headers: event.currentTarget.value })}
      />
    </>
  );
}

const compressions = [
  { value: 'none', label: 'Uncompressed' },
  { value: 'rle', label: 'RLE' },
  { value: 'jpeg-ls', label: 'JPEG-LS lossless' },
  { value: 'jpeg-2000', label: 'JPEG 2000 lossless' },
];

function ResultsPart({ values, change, kinds }: Part & { kinds: readonly string[] }): ReactNode {
  return (
    <Group align="start">
      <MultiSelect
        flex={1}
        label="Results it gets"
        data={[...kinds]}
        value={[...values.results]}
        onChange={(results) => change({ results })}
        comboboxProps={{ withinPortal: false }}
      />
      <NativeSelect
        label="Pictures"
        data={compressions}
        value={values.compression}
        onChange={(event) => change({ compression: event.currentTarget.value })}
      />
    </Group>
  );
}

function TlsPart({ values, change }: Part): ReactNode {
  const { tls } = values;
  const files = [
    ['ca', 'Who signs its certificate (file)'],
    ['cert', 'Our certificate (file)'],
    ['key', 'Its key (file)'],
  ] as const;
  return (
    <Fieldset legend="Security" p="sm">
      <Checkbox
        label="TLS with files of our own"
        checked={tls.on}
        onChange={(event) => change({ tls: { ...tls, on: event.currentTarget.checked } })}
      />
      {tls.on && (
        <Group grow mt="xs">
          {files.map(([key, label]) => (
            <TextInput
              key={key}
              label={label}
              placeholder="/etc/willis/..."
              value={tls[key]}
              onChange={(event) => change({ tls: { ...tls, [key]: event.currentTarget.value } })}
            />
          ))}
        </Group>
      )}
    </Fieldset>
  );
}

function NoticesPart({ values, change }: Part): ReactNode {
  const { hl7, availability } = values;
  return (
    <Fieldset legend="Who is told when results are there (leave the host empty: nobody)" p="sm">
      <Group>
        <TextInput
          label="HL7 ORU^R01 to host"
          value={hl7.host}
          onChange={(event) => change({ hl7: { ...hl7, host: event.currentTarget.value } })}
        />
        <PortInput label="HL7 port" value={hl7.port} onChange={(port) => change({ hl7: { ...hl7, port } })} />
        <TextInput
          label="Receiving application"
          value={hl7.receivingApplication}
          onChange={(event) => change({ hl7: { ...hl7, receivingApplication: event.currentTarget.value } })}
        />
      </Group>
      {values.type === 'dicom' && (
        <Group mt="xs">
          <TextInput
            label="Availability to host"
            value={availability.host}
            onChange={(event) =>
              change({ availability: { ...availability, host: event.currentTarget.value } })
            }
          />
          <PortInput
            label="Availability port"
            value={availability.port}
            onChange={(port) => change({ availability: { ...availability, port } })}
          />
          <TextInput
            label="Availability AE title"
            value={availability.aeTitle}
            onChange={(event) =>
              change({ availability: { ...availability, aeTitle: event.currentTarget.value } })
            }
          />
        </Group>
      )}
    </Fieldset>
  );
}

function PortInput({
  label,
  value,
  onChange,
}: {
  label: string;
  value: number;
  onChange: (port: number) => void;
}): ReactNode {
  return (
    <NumberInput
      label={label}
      w={150}
      hideControls
      min={1}
      max={65_535}
      value={value}
      onChange={(port) => onChange(Number(port))}
    />
  );
}
