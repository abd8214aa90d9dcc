import type { CodedConcept } from '../../dicom/index.ts';
import { decimal, type Dataset } from '../../dicom/index.ts';
import type { PointLpsMm } from '../../findings/index.ts';
import { codeItem } from '../common.ts';

/** Relationship of a content item to the one around it (PS3.3 C.17.3.2.4). */
export type Relationship = 'CONTAINS' | 'HAS CONCEPT MOD' | 'HAS OBS CONTEXT';

export function container(
  relationship: Relationship,
  name: CodedConcept,
  items: readonly Dataset[],
  templateId?: string,
): Dataset {
  return {
    RelationshipType: relationship,
    ValueType: 'CONTAINER',
    ConceptNameCodeSequence: [codeItem(name)],
    ContinuityOfContent: 'SEPARATE',
    ContentTemplateSequence:
      templateId === undefined ? undefined : [{ MappingResource: 'DCMR', TemplateIdentifier: templateId }],
    ContentSequence: items.length > 0 ? items : undefined,
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

export function text(relationship: Relationship, name: CodedConcept, value: string): Dataset {
  return { ...item(relationship, 'TEXT', name), TextValue: value };
}

export function uidReference(relationship: Relationship, name: CodedConcept, uid: string): Dataset {
  return { ...item(relationship, 'UIDREF', name), UID: uid };
}

/** A number with its unit (UCUM), rounded to what was measured. */
export function number(
  name: CodedConcept,
  value: number,
  unit: CodedConcept,
  children: readonly Dataset[] = [],
): Dataset {
  const measured = {
    MeasurementUnitsCodeSequence: [codeItem(unit)],
    NumericValue: decimal(Math.round(value * 1000) / 1000),
  };
  return { ...item('CONTAINS', 'NUM', name), MeasuredValueSequence: [measured], ...withChildren(children) };
}

export interface ImageReference {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly frameNumber: number | null;
}

export function image(
  relationship: Relationship,
  name: CodedConcept | null,
  reference: ImageReference,
): Dataset {
  return {
    RelationshipType: relationship,
    ValueType: 'IMAGE',
    ConceptNameCodeSequence: name === null ? undefined : [codeItem(name)],
    ReferencedSOPSequence: [
      {
        ReferencedSOPClassUID: reference.sopClassUid,
        ReferencedSOPInstanceUID: reference.sopInstanceUid,
        ReferencedFrameNumber: reference.frameNumber ?? undefined,
      },
    ],
  };
}

/** A point in the patient (PS3.3 C.18.9). */
export function point(name: CodedConcept, at: PointLpsMm, frameOfReferenceUid: string): Dataset {
  return {
    ...item('CONTAINS', 'SCOORD3D', name),
    GraphicType: 'POINT',
    GraphicData: [...at],
    ReferencedFrameOfReferenceUID: frameOfReferenceUid,
  };
}

function item(relationship: Relationship, valueType: string, name: CodedConcept): Dataset {
  return { RelationshipType: relationship, ValueType: valueType, ConceptNameCodeSequence: [codeItem(name)] };
}

function withChildren(children: readonly Dataset[]): Dataset {
  return children.length === 0 ? {} : { ContentSequence: children };
}
