import { Table } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Finding } from '../../contract.ts';
import { percentText } from './text.ts';

/** Findings as a table; `action` adds what can be done with each. */
export function FindingTable({
  findings,
  action,
}: {
  findings: readonly Finding[];
  action?: (finding: Finding) => ReactNode;
}): ReactNode {
  return (
    <Table aria-label="Findings">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>No.</Table.Th>
          <Table.Th>Place</Table.Th>
          <Table.Th>Probability</Table.Th>
          <Table.Th>Diameter</Table.Th>
          <Table.Th>Volume</Table.Th>
          <Table.Th>Centre L, P, S in mm</Table.Th>
          {action !== undefined && <Table.Th>Show</Table.Th>}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {findings.map((finding) => (
          <Table.Tr key={finding.number}>
            <Table.Td>{finding.number}</Table.Td>
            <Table.Td>{finding.place}</Table.Td>
            <Table.Td>{percentText(finding.probability)}</Table.Td>
            <Table.Td>{measure(finding.maxDiameterMm, 1, 'mm')}</Table.Td>
            <Table.Td>{measure(finding.volumeMm3, 0, 'mm³')}</Table.Td>
            <Table.Td className="mono">{finding.centreLpsMm?.map((mm) => mm.toFixed(1)).join(', ')}</Table.Td>
            {action !== undefined && <Table.Td>{action(finding)}</Table.Td>}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

export function measure(value: number | null, digits: number, unit: string): string {
  return value === null ? '' : `${value.toFixed(digits)} ${unit}`;
}
