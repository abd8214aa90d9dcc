-- A job that was given up, and that an administrator has put away: seen, and nothing more is to be done.
ALTER TABLE job ADD COLUMN put_away_at INTEGER;
CREATE INDEX job_dead ON job (id) WHERE state = 'dead';
