/** The rules of a node that was given none: each pipeline this version has, sent to every destination. */
export function shippedRules(destinations: readonly string[]): ShippedRule[] {
  return [
    {
      name: 'TOF-MRA of the head',
      when: {
        modality: 'MR',
        text: 'tof|time.?of.?flight|3d.?inflow',
        bodyPartExamined: ['HEAD', 'BRAIN', 'SKULL', 'HEADNECK', ''],
      },
      pipeline: 'tof-patch',
      sendTo: [...destinations],
    },
  ];
}

interface ShippedRule {
  name: string;
  when: { modality: string; text: string; bodyPartExamined: string[] };
  pipeline: string;
  sendTo: string[];
  shadow?: boolean;
}
