-- What the lists of the console are ordered and filtered by. Explained in `../sqlite`.

ALTER TABLE orgs ADD COLUMN position bigint NOT NULL DEFAULT 0;

ALTER TABLE devices ADD COLUMN last_seen_on date;

ALTER TABLE projected_activities ADD COLUMN without_quorum bigint NOT NULL DEFAULT 0;
ALTER TABLE projected_activities ADD COLUMN vote_faults bigint NOT NULL DEFAULT 0;
ALTER TABLE projected_activities ADD COLUMN at_exactly_half bigint NOT NULL DEFAULT 0;
ALTER TABLE projected_activities ADD COLUMN urgency bigint NOT NULL DEFAULT 0;

CREATE INDEX projected_activities_waiting
    ON projected_activities (district_id, status, urgency, sort_at, record_id);
