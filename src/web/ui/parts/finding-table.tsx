import { Table } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Finding } from '../../contract.ts';
import { probabilityText } from './text.ts';

/** Findings as a table; `action` adds what can be done with each. */
export function FindingTable({
  findings,
  action,
}: {
  findings: readonly Finding[];
  action?: (finding: Finding) => ReactNode;
}): ReactNode {
  const has = {
    diameters: findings.some(({ maxDiameterMm }) => maxDiameterMm !== null),
    slices: findings.some(({ slices }) => slices.length > 0),
    growth: findings.some(({ growth }) => growth !== null),
  };
  return (
    <Table aria-label="Findings">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>No.</Table.Th>
          <Table.Th>Place</Table.Th>
          <Table.Th>Probability</Table.Th>
          {has.diameters && <Table.Th>Diameter</Table.Th>}
          <Table.Th>Volume</Table.Th>
          <Table.Th>Centre L, P, S in mm</Table.Th>
          {has.slices && <Table.Th>Slices</Table.Th>}
          {has.growth && <Table.Th>Against the prior</Table.Th>}
          {action !== undefined && <Table.Th>Show</Table.Th>}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {findings.map((finding) => (
          <Table.Tr key={finding.number}>
            <Table.Td>{finding.number}</Table.Td>
            <Table.Td>{finding.place}</Table.Td>
            <Table.Td>{probabilityText(finding.probability)}</Table.Td>
            {has.diameters && <Table.Td>{measure(finding.maxDiameterMm, 1, 'mm')}</Table.Td>}
            <Table.Td>{measure(finding.volumeMm3, 0, 'mm³')}</Table.Td>
            <Table.Td className="mono">{finding.centreLpsMm?.map((mm) => mm.toFixed(1)).join(', ')}</Table.Td>
            {has.slices && <Table.Td>{slicesText(finding.slices)}</Table.Td>}
            {has.growth && <Table.Td>{finding.growth}</Table.Td>}
            {action !== undefined && <Table.Td>{action(finding)}</Table.Td>}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** "12 to 15 and 18 (most at 13: 97 %)". */
export function slicesText(slices: Finding['slices']): string {
  const numbers = slices.flatMap(({ number }) => (number === null ? [] : [number]));
  const best = slices.reduce<Finding['slices'][number] | null>(
    (most, one) => (most === null || one.probability > most.probability ? one : most),
    null,
  );
  if (best === null) return '';
  const where = best.number === null ? '' : ` (most at ${best.number}: ${probabilityText(best.probability)})`;
  return numbers.length === 0 ? `${slices.length}` : `${runsOf(numbers)}${where}`;
}

function runsOf(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last?.[1] === number - 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`)).join(', ');
}

export function measure(value: number | null, digits: number, unit: string): string {
  return value === null ? '' : `${value.toFixed(digits)} ${unit}`;
}
