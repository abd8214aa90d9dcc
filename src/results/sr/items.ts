import type { CodedConcept } from '../../dicom/index.ts';
import { decimal, type Dataset } from '../../dicom/index.ts';
import type { PointLpsMm } from '../../findings/index.ts';
import { codeItem } from '../common.ts';
import { referencedSop, type ImageReference } from '../references.ts';

/** Relationship of a content item to the one around it (PS3.3 C.17.3.2.4). */
export type Relationship =
  | 'CONTAINS'
  | 'HAS ACQ CONTEXT'
  | 'HAS CONCEPT MOD'
  | 'HAS OBS CONTEXT'
  | 'HAS PROPERTIES'
  | 'INFERRED FROM'
  | 'SELECTED FROM';

/** The root of a document: a container that nothing is around. */
export function root(name: CodedConcept, templateId: string, items: readonly Dataset[]): Dataset {
  const { RelationshipType: _none, ...dataset } = container('CONTAINS', name, items, templateId);
  return dataset;
}

export function container(
  relationship: Relationship,
  name: CodedConcept,
  items: readonly Dataset[],
  templateId?: string,
): Dataset {
  return {
    ...item(relationship, 'CONTAINER', name),
    ContinuityOfContent: 'SEPARATE',
    ContentTemplateSequence:
      templateId === undefined ? undefined : [{ MappingResource: 'DCMR', TemplateIdentifier: templateId }],
    ...withChildren(items),
  };
}

export function code(
  relationship: Relationship,
  name: CodedConcept,
  value: CodedConcept,
  children: readonly Dataset[] = [],
): Dataset {
  return {
    ...item(relationship, 'CODE', name),
    ConceptCodeSequence: [codeItem(value)],
    ...withChildren(children),
  };
}

export function text(
  relationship: Relationship,
  name: CodedConcept,
  value: string,
  children: readonly Dataset[] = [],
): Dataset {
  return { ...item(relationship, 'TEXT', name), TextValue: ascii(value), ...withChildren(children) };
}

export function uidReference(relationship: Relationship, name: CodedConcept, uid: string): Dataset {
  return { ...item(relationship, 'UIDREF', name), UID: uid };
}

/** `date` as YYYYMMDD. */
export function date(relationship: Relationship, name: CodedConcept, value: string): Dataset {
  return { ...item(relationship, 'DATE', name), Date: value };
}

export interface Quantity {
  readonly value: number;
  readonly unit: CodedConcept;
}

/** A number with its unit (UCUM), rounded to what was measured. */
export function number(
  relationship: Relationship,
  name: CodedConcept,
  { value, unit }: Quantity,
  children: readonly Dataset[] = [],
): Dataset {
  const measured = {
    MeasurementUnitsCodeSequence: [codeItem(unit)],
    NumericValue: decimal(Math.round(value * 1000) / 1000),
  };
  return { ...item(relationship, 'NUM', name), MeasuredValueSequence: [measured], ...withChildren(children) };
}

export function image(
  relationship: Relationship,
  name: CodedConcept | null,
  reference: ImageReference,
  children: readonly Dataset[] = [],
): Dataset {
  return {
    ...item(relationship, 'IMAGE', name),
    ReferencedSOPSequence: [referencedSop(reference)],
    ...withChildren(children),
  };
}

/** Another document. */
export function composite(
  relationship: Relationship,
  name: CodedConcept,
  reference: ImageReference,
): Dataset {
  return { ...item(relationship, 'COMPOSITE', name), ReferencedSOPSequence: [referencedSop(reference)] };
}

/** A point in the patient (PS3.3 C.18.9). */
export function pointInPatient(
  relationship: Relationship,
  name: CodedConcept,
  at: PointLpsMm,
  frameOfReferenceUid: string,
): Dataset {
  return {
    ...item(relationship, 'SCOORD3D', name),
    GraphicType: 'POINT',
    GraphicData: [...at],
    ReferencedFrameOfReferenceUID: frameOfReferenceUid,
  };
}

/** A point on an image: column and row, the upper left corner of the image is 0, 0 (PS3.3 C.18.6). */
export function pointOnImage(
  relationship: Relationship,
  name: CodedConcept,
  at: readonly [number, number],
  reference: ImageReference,
): Dataset {
  return {
    ...item(relationship, 'SCOORD', name),
    GraphicType: 'POINT',
    GraphicData: [...at],
    ...withChildren([image('SELECTED FROM', null, reference)]),
  };
}

/** What we quote may be in any script (a scanner's text, a model's card); a report's own text stays ASCII. */
function ascii(words: string): string {
  return words
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\x20-\x7E]/g, '?');
}

function item(relationship: Relationship, valueType: string, name: CodedConcept | null): Dataset {
  return {
    RelationshipType: relationship,
    ValueType: valueType,
    ConceptNameCodeSequence: name === null ? undefined : [codeItem(name)],
  };
}

function withChildren(children: readonly Dataset[]): Dataset {
  return children.length === 0 ? {} : { ContentSequence: children };
}
