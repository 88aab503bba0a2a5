-- When somebody could have heard signs of life: what falls between two such spans was lost unheard.
CREATE TABLE push_listening (
    began_at DOUBLE PRECISION PRIMARY KEY,
    until_at DOUBLE PRECISION NOT NULL
)
