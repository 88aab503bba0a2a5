-- A spam wave: the first of many thousand cases in the same words are read in their order by an
-- index, and those of the same author in other words without passing over all the same ones.
DROP INDEX cases_of_words;
DROP INDEX cases_of_author;
CREATE INDEX cases_of_words ON cases (school_id, words, rank DESC, id) WHERE state = 'waiting';
CREATE INDEX cases_of_author ON cases (school_id, author, words) WHERE state = 'waiting';
-- How much of what an account wrote was removed, without reading all that it wrote.
CREATE INDEX comment_removed ON comment (connection_id, author_external_id) WHERE removed
