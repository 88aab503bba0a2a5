"""What a sender makes its mails of: a builder for each campaign, and who each is for."""

import json
from collections.abc import Collection

from mailing import enclosing, records
from mailing.claiming import Claimed
from mailing.message import Addressee, Builder
from mailing.model import Origin
from mailing.night import Night
from store import access, schools
from store.db import Database


def builders(
    db: Database, campaign_ids: Collection[str], origin: Origin, night: Night
) -> dict[str, Builder]:
    builders: dict[str, Builder] = {}
    with db.read() as tx:
        pult = access.system(*schools.every_id(tx))
        for campaign_id in campaign_ids:
            campaign = records.content(tx, pult, campaign_id)
            school = schools.get(tx, pult, campaign.school_id)
            night.learn(campaign, school.zone)
            enclosed = enclosing.of(tx, school, campaign_id)
            builders[campaign_id] = Builder(
                campaign, school.name, school.language, origin, enclosed
            )
    return builders


def addressee(row: Claimed) -> Addressee:
    return Addressee(
        row.id, row.message_id, row.name, row.email, row.language, json.loads(row.fields)
    )
