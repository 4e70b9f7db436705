-- What the lists of the console are ordered and filtered by.

-- The order in which the nodes of the tree were put: the order of the roster of organisations.
ALTER TABLE orgs ADD COLUMN position INTEGER NOT NULL DEFAULT 0;

-- When it last spoke to the server, to the day: enough to see a lost or forgotten device, and no more than that.
ALTER TABLE devices ADD COLUMN last_seen_on TEXT;

-- Resolutions without a quorum, with votes that do not add up, at exactly half.
ALTER TABLE projected_activities ADD COLUMN without_quorum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE projected_activities ADD COLUMN vote_faults INTEGER NOT NULL DEFAULT 0;
ALTER TABLE projected_activities ADD COLUMN at_exactly_half INTEGER NOT NULL DEFAULT 0;
-- 2: somebody must look; 1: entered late; 0: nothing to say.
ALTER TABLE projected_activities ADD COLUMN urgency INTEGER NOT NULL DEFAULT 0;

CREATE INDEX projected_activities_waiting
    ON projected_activities (district_id, status, urgency, sort_at, record_id);

-- All rows are computed again, with the new columns.
INSERT INTO dirty_records (district_id, record_id, version)
SELECT district_id, record_id, version FROM records WHERE true
ON CONFLICT DO UPDATE SET version = excluded.version;
