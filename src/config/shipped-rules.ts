import type { z } from 'zod';
import type { pipelineId } from './pipelines.ts';

/**
 * Sharp reconstructions for bone and lung: their noise and edges hide and feign what pipelines look for, and the same scan comes smooth
 * as well. Words of descriptions, then kernels by maker: GE, Philips, Siemens from 60 on, Canon.
 */
const sharpKernels =
  '\\b(bone|boneplus|knochen|osseux|hueso|lung|lunge)\\b|^edge$|^y[a-e]$|^[bhjtu][rvf]?[6-9]\\d|^fc(3[015]|5\\d|8\\d)$';

/** The head and its parts among the terms of PS3.16 Table L-1, and what scanners write beside them; "" says nothing. */
const partsOfHead = [
  ...['HEAD', 'BRAIN', 'SKULL', 'HEADNECK', 'INTRACRANIAL', 'CIRCLEOFWILLIS', 'CEREBRALA', 'CEREBHEMISPHERE'],
  ...['CEREBELLUM', 'CEREBRAL', 'CEREBRUM', 'CRANIUM', 'NEURO', ''],
];

/** Series of the head of which it may be told that no rule takes them: not scouts, nor pictures of a whole volume. */
export const headSeries = {
  bodyPartExamined: partsOfHead,
  imageTypeExcludes: ['LOCALIZER', 'PROJECTION IMAGE', 'MAXIMUM', 'MIP', 'CSA MIP', 'SCREEN SAVE'],
};

/**
 * Angiograms of the neck, of limbs and trunk, and of veins, where the text does not name the head as well: the body part is often
 * left empty, or HEADNECK for either.
 */
const notTheHead =
  '^(?!.*(head|brain|willis|kopf|hirn|schädel|schaedel|tête|crâne|cabeza|cráneo|cerebr|cranial)).*' +
  '((?<![a-z])(neck|hals|cou|cuello|knees?|legs?|calf|thighs?|foot|feet|hands?|arms?)(?![a-z])|' +
  'carot|karot|supra.?aort|subclav|jugul|aort|knie|genou|rodilla|bein|jambe|pierna|periph|extremit|run.?off|femor|poplit|iliac|renal|abdom|thorax|pelv|becken)|' +
  '(?<![a-z])(mrv|veins?|sinus)(?![a-z])|venous|veno|venen|venös|veineu|phlebo';

/** The rules of a node that was given none: each pipeline fit for it, sent to every destination; angiograms are shown on the page alone. */
export function shippedRules(destinations: readonly string[]): ShippedRule[] {
  return [
    {
      name: 'TOF-MRA of the head',
      when: {
        modality: 'MR',
        text: 'tof|time.?of.?flight|3d.?inflow',
        textExcludes: notTheHead,
        bodyPartExamined: partsOfHead,
      },
      pipeline: 'tof-patch',
      sendTo: [...destinations],
    },
    {
      name: 'CT angiography of the head',
      when: {
        modality: 'CT',
        text: '\\bcta\\b|angio|circle.?of.?willis|\\bcow\\b',
        textExcludes: sharpKernels,
        bodyPartExamined: [...partsOfHead, 'NECK'],
      },
      pipeline: 'cta-resnet',
      sendTo: [...destinations],
      // its proposals miss half of the sacs in whole phantoms (its card): a "no findings" of it must not reach a PACS unasked
      shadow: true,
    },
    {
      name: 'CT of the head',
      when: {
        modality: 'CT',
        text: 'head|brain|skull|crani|cereb|neuro|kopf|sch(ä|ae)del|hirn|t(ê|e)te|cr(â|a)ne|cabeza|cr(á|a)neo',
        textExcludes: sharpKernels,
        bodyPartExamined: partsOfHead,
      },
      pipeline: 'ncct-haemorrhage',
      sendTo: [...destinations],
    },
  ];
}

type PipelineId = z.infer<typeof pipelineId>;

interface ShippedRule {
  name: string;
  when: { modality: string; text: string; textExcludes?: string; bodyPartExamined: string[] };
  pipeline: PipelineId;
  bundle?: string;
  alsoPipelines?: PipelineId[];
  sendDuring?: { window: string; waits: ('no-findings' | 'not-analysed' | 'aneurysms')[] };
  sendTo: string[];
  shadow?: boolean;
}
