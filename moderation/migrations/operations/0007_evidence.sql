-- When a comment's texts went, by age or on request; its hash and what was decided stay.
ALTER TABLE comment ADD COLUMN erased_at DOUBLE PRECISION;
CREATE INDEX comment_to_forget ON comment (school_id, seen_at) WHERE erased_at IS NULL
