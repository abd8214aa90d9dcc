-- A Patient ID is one patient's only together with who issued it (0010,0021).
ALTER TABLE study ADD COLUMN issuer_of_patient_id TEXT NOT NULL DEFAULT '';
DROP INDEX study_by_patient;
CREATE INDEX study_by_patient ON study (patient_id, issuer_of_patient_id, study_date);
