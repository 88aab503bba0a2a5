CREATE INDEX comment_by_time ON comment (school_id, written_at)
