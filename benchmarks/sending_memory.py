"""What one sender keeps in memory, whatever the audience: `python -m benchmarks.sending_memory`.

The rows stand in SQLite before; the mails are short (1.5 KB of text), so that a million
of them leave in minutes; `--most 200000` sends so many of an audience only. Figures are
the peak of the sender's process, which begins with what Python and the modules take. It is
flat where no audience takes a tenth more than the smallest does.
"""

import argparse
import json
import tempfile
from datetime import UTC, datetime

from benchmarks import asked, mails
from benchmarks.sending import child
from store.db import text

FLAT = 1.1  # of the smallest audience's peak
BODY = "Dear {{ name }}, your group {{ group }} meets in {{ room }}.\n\n" + mails.SAID


def fill(place: str, count: int) -> None:
    """So many rows of the campaign that is there, made by SQLite itself."""
    database = mails.opened(place)
    with database.begin() as tx:
        tx.execute(
            text("""
                INSERT INTO delivery (id, campaign_id, school_id, person_id, name, email, language,
                                      fields, state, attempt, next_at, message_id, updated_at)
                WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
                SELECT lower(hex(randomblob(16))), campaign.id, campaign.school_id, NULL,
                       'Pupil Number' || i, 'pupil' || i || '@school.example', 'en', :fields,
                       'due', 0, :now, i || '@school.example', :now
                FROM n, campaign
            """),
            {"count": count, "fields": json.dumps(mails.FIELDS), "now": datetime.now(UTC)},
        )
    database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "audiences", type=int, nargs="*", default=[1_000, 10_000, 100_000, 1_000_000]
    )
    parser.add_argument("--most", type=int, default=1_000_000, help="mails sent of each audience")
    chosen = parser.parse_args()
    peaks = []
    for count in chosen.audiences:
        with tempfile.TemporaryDirectory() as place:
            mails.prepare(place, 0, body=BODY)
            fill(place, count)
            sent = min(count, chosen.most)
            told = child("pult_left", sent, place)
        print(json.dumps({"recipients": count, "sent": sent, **told}), flush=True)
        peaks.append(told["peak_mb"])
    asked.end({"memory is flat": max(peaks) <= FLAT * peaks[0]})


if __name__ == "__main__":
    main()
