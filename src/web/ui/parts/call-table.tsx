import { Card, Code, Table, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Devices } from '../../contract.ts';
import { timeText } from './text.ts';

/** Associations that ended, and what was negotiated, a line a presentation context. */
export function CallTable({ calls }: { calls: Devices['calls'] }): ReactNode {
  return (
    <Card withBorder component="section" aria-label="Recent calls">
      <Title order={2} fz="md">
        Recent calls
      </Title>
      <div className="scroll">
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>When</Table.Th>
              <Table.Th>What happened</Table.Th>
              <Table.Th>Negotiated</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {calls.map((call) => (
              <Table.Tr key={`${call.at}${call.text}`}>
                <Table.Td className="mono">{timeText(call.at)}</Table.Td>
                <Table.Td className="wrap">{call.text}</Table.Td>
                <Table.Td>
                  {call.negotiation.map((line) => (
                    <Code key={line} block fz={12}>
                      {line}
                    </Code>
                  ))}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </Card>
  );
}
