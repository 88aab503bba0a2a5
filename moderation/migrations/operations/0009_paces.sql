-- What the worker and the screens ask for every second or so, however much is kept.
CREATE INDEX moderation_action_to_end ON moderation_action (until) WHERE NOT ended;
CREATE INDEX moderation_action_open ON moderation_action (school_id, requested_at)
    WHERE state IN ('waiting', 'unconfirmed', 'held');
CREATE INDEX moderation_action_by_undone ON moderation_action (undo_of);
CREATE INDEX measure_by_case ON measure (case_id);
CREATE INDEX measure_by_lift ON measure (school_id, lifted_at);
CREATE INDEX appeal_message_by_time ON appeal_message (school_id, at)
