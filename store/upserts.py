"""The statements that keep what a platform lists: new rows, and what changed in known ones."""

ADD_PERSON = """
    INSERT INTO person (id, school_id, name, email, role, language, level, grp, fields, source,
                        updated_at)
    VALUES (:id, :school, :name, :email, :new_role, :language, :level, :grp, '{}', :source, :now)
"""
ASSUME_NOTHING = "UPDATE person SET role = '', updated_at = :now WHERE id = :id"
# Whoever went since the list was read does not come back.
CHANGE_PERSON = """
    UPDATE person SET
        name = COALESCE(NULLIF(:name, ''), name), email = COALESCE(NULLIF(:email, ''), email),
        role = COALESCE(NULLIF(:role, ''), role),
        language = COALESCE(NULLIF(:language, ''), language),
        level = COALESCE(NULLIF(:level, ''), level), grp = COALESCE(NULLIF(:grp, ''), grp),
        updated_at = :now
    WHERE id = :id
"""
# What somebody says of an account while a list is being read stands as well.
SAVE_ACCOUNT = """
    INSERT INTO platform_account (id, school_id, connection_id, external_id, person_id, username,
                                  name, suspended, administers, last_seen_at, gone, updated_at)
    VALUES (:id, :school, :connection, :external, :person, :username, :name, :suspended,
            :administers, :last_seen, FALSE, :now)
    ON CONFLICT (connection_id, external_id) DO UPDATE SET
        person_id = CASE WHEN platform_account.linked = 'roster' THEN excluded.person_id
                         ELSE platform_account.person_id END,
        username = excluded.username, name = excluded.name, suspended = excluded.suspended,
        administers = excluded.administers, last_seen_at = excluded.last_seen_at,
        gone = FALSE, updated_at = excluded.updated_at
"""
SAVE_COURSE = """
    INSERT INTO course (id, school_id, connection_id, external_id, name, gone, updated_at)
    VALUES (:id, :school, :connection, :external, :name, FALSE, :now)
    ON CONFLICT (school_id, connection_id, external_id) DO UPDATE SET
        name = excluded.name, gone = FALSE, updated_at = excluded.updated_at
"""
SAVE_ROOM = """
    INSERT INTO room (id, school_id, connection_id, external_id, name, form, seats, course_id,
                      stream_url, gone, updated_at)
    VALUES (:id, :school, :connection, :external, :name, 'classroom', :seats, NULL, '', FALSE,
            :now)
    ON CONFLICT (connection_id, external_id) DO UPDATE SET
        name = COALESCE(NULLIF(excluded.name, ''), room.name),
        seats = COALESCE(excluded.seats, room.seats), gone = FALSE,
        updated_at = excluded.updated_at
"""
ENROL = """
    INSERT INTO enrolment (course_id, person_id, school_id, role)
    VALUES (:course, :person, :school, :role)
    ON CONFLICT (course_id, person_id) DO UPDATE SET role = excluded.role
"""
# The parents were entered by the address that both share.
SAVE_GUARDIANS = """
    INSERT INTO guardian (person_id, guardian_id)
    SELECT :after, guardian_id FROM guardian WHERE person_id = :before
    ON CONFLICT DO NOTHING
"""
LEAVE = "DELETE FROM enrolment WHERE course_id = :course AND person_id = :person"
