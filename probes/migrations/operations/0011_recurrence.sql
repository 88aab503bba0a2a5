-- Maintenance by rule comes back by RFC 5545's words, and may end on a day of the school's calendar.
ALTER TABLE maintenance_rule ADD COLUMN recurrence TEXT NOT NULL DEFAULT '';
ALTER TABLE maintenance_rule ADD COLUMN last_day TEXT;
UPDATE maintenance_rule SET recurrence = 'FREQ=WEEKLY;BYDAY=' || RTRIM(
    REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(weekdays,
        '0', 'MO,'), '1', 'TU,'), '2', 'WE,'), '3', 'TH,'), '4', 'FR,'), '5', 'SA,'), '6', 'SU,'),
    ',');
ALTER TABLE maintenance_rule DROP COLUMN weekdays
