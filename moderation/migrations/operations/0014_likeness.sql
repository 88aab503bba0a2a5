-- What a waiting case's comment says, folded (moderation.likeness), '' while not read yet; and whose
-- it is, so that the cases like one are found by an index however much its author wrote.
ALTER TABLE cases ADD COLUMN words TEXT NOT NULL DEFAULT '';
ALTER TABLE cases ADD COLUMN author TEXT NOT NULL DEFAULT '';
UPDATE cases SET author = (
    SELECT comment.connection_id || '/' || comment.author_external_id FROM comment
    WHERE comment.id = cases.comment_id);
CREATE INDEX cases_of_words ON cases (school_id, words) WHERE state = 'waiting';
CREATE INDEX cases_of_author ON cases (school_id, author) WHERE state = 'waiting'
