import type { Generated, Insertable, Selectable } from 'kysely';

/** The tables of `migrations/*.sql`, as the query builder sees them. Times are ms since 1970 UTC. */
export interface Tables {
  series: SeriesTable;
  instance: InstanceTable;
  instance_copy: InstanceCopyTable;
  carrier: CarrierTable;
  awaited_instance: AwaitedInstanceTable;
  analysis: AnalysisTable;
  result: ResultTable;
  delivered: DeliveredTable;
  given_up: GivenUpTable;
  superseded_delivery: SupersededDeliveryTable;
  commitment: CommitmentTable;
  commitment_instance: CommitmentInstanceTable;
  job: JobTable;
  study: StudyTable;
  user: UserTable;
  session: SessionTable;
  api_token: ApiTokenTable;
  setup_code: SetupCodeTable;
  audit: AuditTable;
  reading: ReadingTable;
  stranger: StrangerTable;
  operation_run: OperationRunTable;
  self_test_baseline: SelfTestBaselineTable;
  kept_reading: KeptReadingTable;
}

export type SeriesState = 'receiving' | 'queued' | 'findings' | 'no-findings' | 'not-analysed';

interface SeriesTable {
  id: Generated<number>;
  series_instance_uid: string;
  study_instance_uid: string;
  modality: string;
  description: string;
  calling_ae_title: string;
  first_received_at: number;
  last_received_at: number;
  state: Generated<SeriesState>;
  reason_code: string | null;
  reason_text: string | null;
  origin: Generated<'routed' | 'prior'>;
}

interface InstanceTable {
  id: Generated<number>;
  series_id: number;
  sop_instance_uid: string;
  sop_class_uid: string;
  transfer_syntax_uid: string;
  path: string;
  size_bytes: number;
  frames: string;
  received_at: number;
}

interface InstanceCopyTable {
  id: Generated<number>;
  instance_id: number;
  path: string;
  received_at: number;
}

/** An association that brings images of a series, or ended otherwise than by a release. */
interface CarrierTable {
  series_instance_uid: string;
  association: string;
  began_at: number;
  ending: 'cut-off' | 'aborted' | 'silent' | null;
  ended_at: number | null;
}

interface AwaitedInstanceTable {
  sop_instance_uid: string;
  series_instance_uid: string;
  since: number;
}

interface AnalysisTable {
  id: Generated<number>;
  series_id: number;
  rule: string;
  pipeline: string;
  bundle_sha256: string;
  input_sha256: string;
  version: number;
  supersedes_id: number | null;
  state: 'findings' | 'no-findings' | 'not-analysed';
  findings: string;
  folder: string;
  finished_at: number;
}

interface ResultTable {
  id: Generated<number>;
  analysis_id: number;
  kind: string;
  ordinal: number;
  sop_class_uid: string;
  sop_instance_uid: string;
  series_instance_uid: string;
  transfer_syntax_uid: string;
  path: string;
}

interface DeliveredTable {
  result_id: number;
  destination: string;
  status: number;
  delivered_at: number;
  /** Null where an earlier version delivered it: as it lies in the archive. */
  transfer_syntax_uid: string | null;
  committed_at: number | null;
}

interface GivenUpTable {
  analysis_id: number;
  destination: string;
  kind: string;
  instead: string;
  why: string;
  given_up_at: number;
}

interface SupersededDeliveryTable {
  analysis_id: number;
  destination: string;
  by_analysis_id: number;
  at: number;
}

interface CommitmentTable {
  transaction_uid: string;
  analysis_id: number;
  destination: string;
  attempt: number;
  state: 'asking' | 'asked' | 'reported' | 'refused' | 'expired';
  asked_at: number;
  due_at: number;
  ended_at: number | null;
}

interface CommitmentInstanceTable {
  transaction_uid: string;
  result_id: number;
  failure_reason: number | null;
}

interface JobTable {
  id: Generated<number>;
  kind: string;
  queue: string;
  key: string;
  payload: string;
  state: Generated<'available' | 'running' | 'done' | 'dead'>;
  due_at: number;
  attempt: Generated<number>;
  interruptions: Generated<number>;
  lease_until: number | null;
  lease_token: string | null;
  last_error: string | null;
  created_at: number;
  finished_at: number | null;
  /** Of a dead job: when an administrator put it away. */
  put_away_at: number | null;
}

interface StudyTable {
  id: Generated<number>;
  study_instance_uid: string;
  patient_name: string;
  patient_id: string;
  issuer_of_patient_id: Generated<string>;
  patient_birth_date: string;
  patient_sex: string;
  study_date: string;
  study_time: string;
  accession_number: string;
  study_description: string;
  study_id: string;
  referring_physician_name: string;
  search_text: string;
  last_received_at: number;
}

interface UserTable {
  id: Generated<number>;
  name: string;
  role: 'admin' | 'reader';
  password_hash: string;
  created_at: number;
  /** Issuer and subject of an OpenID account. */
  oidc_subject: string | null;
}

interface SessionTable {
  token_sha256: string;
  user_id: number;
  user_agent_sha256: string;
  created_at: number;
  used_at: number;
}

interface ApiTokenTable {
  id: Generated<number>;
  name: string;
  token_sha256: string;
  scope: 'read' | 'store' | 'metrics';
  created_at: number;
}

interface SetupCodeTable {
  id: number;
  code_sha256: string;
}

interface AuditTable {
  id: Generated<number>;
  at: number;
  who: string;
  address: string;
  action: string;
  object: string;
  outcome: 'success' | 'refused';
  detail: string;
}

interface ReadingTable {
  id: Generated<number>;
  analysis_id: number;
  finding: number;
  reader: string;
  opinion: 'agree' | 'disagree' | null;
  rating: number | null;
  comment: string;
  at: number;
}

interface StrangerTable {
  ae_title: string;
  host: string;
  calls: number;
  first_seen_at: number;
  last_seen_at: number;
  why: string;
}

interface OperationRunTable {
  id: Generated<number>;
  task: string;
  started_at: number;
  finished_at: number;
  outcome: 'success' | 'failure';
  detail: string;
}

interface SelfTestBaselineTable {
  bundle_sha256: string;
  phantom: string;
  findings: string;
  at: number;
}

/** A reading whose study was deleted, with what it was about. */
interface KeptReadingTable {
  id: Generated<number>;
  analysis_id: number;
  finding: number;
  reader: string;
  opinion: 'agree' | 'disagree' | null;
  rating: number | null;
  comment: string;
  at: number;
  findings: string;
  pipeline: string;
}

export type StudyRow = Selectable<StudyTable>;
export type SeriesRow = Selectable<SeriesTable>;
export type InstanceRow = Selectable<InstanceTable>;
export type AnalysisRow = Selectable<AnalysisTable>;
export type ResultRow = Selectable<ResultTable>;
export type JobRow = Selectable<JobTable>;
export type CommitmentRow = Selectable<CommitmentTable>;
export type NewAnalysis = Insertable<AnalysisTable>;
export type NewResult = Omit<Insertable<ResultTable>, 'analysis_id'>;
