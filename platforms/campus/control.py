"""The control port: the clock, the timetable, the people; scenes and traps switched on and off."""

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from platforms.campus import calendar, chatter, talk
from platforms.campus.evening import Evening
from platforms.campus.forums import Post
from platforms.campus.guard import OwnPagesOnly
from platforms.campus.people import Person
from platforms.campus.switches import Switch


def application(evening: Evening, streams: Mapping[str, str]) -> Starlette:
    """`streams` maps a stream's name to its address."""
    control = Control(evening, streams)
    return Starlette(
        routes=[
            Route("/clock", control.clock),
            Route("/timetable.ics", control.timetable),
            Route("/people", control.people),
            Route("/rules.toml", control.rules),
            Route("/scenes", control.scenes),
            Route("/scenes/{name}", control.scene, methods=["POST"]),
            Route("/traps", control.traps),
            Route("/traps/{name}", control.trap, methods=["POST"]),
            Route("/say", control.say, methods=["POST"]),
        ],
        middleware=[Middleware(OwnPagesOnly)],
    )


class Control:
    def __init__(self, evening: Evening, streams: Mapping[str, str]) -> None:
        self.evening = evening
        self.streams = streams

    async def clock(self, _: Request) -> Response:
        clock = self.evening.clock
        moments = {"now": clock.now().isoformat(), "started": clock.started.isoformat()}
        return JSONResponse({**moments, "speed": clock.speed})

    async def timetable(self, _: Request) -> Response:
        text = calendar.icalendar(self.evening.lessons, self.evening.clock.started, self.streams)
        return Response(text, media_type="text/calendar")

    async def people(self, _: Request) -> Response:
        return JSONResponse([_person(person) for person in self.evening.people])

    async def rules(self, _: Request) -> Response:
        return Response(talk.rules(), media_type="application/toml")

    async def scenes(self, _: Request) -> Response:
        return JSONResponse([switch.state() for switch in self.evening.scenes.values()])

    async def traps(self, _: Request) -> Response:
        return JSONResponse([switch.state() for switch in self.evening.traps.values()])

    async def scene(self, request: Request) -> Response:
        return await _turn(self.evening.scenes, request)

    async def trap(self, request: Request) -> Response:
        return await _turn(self.evening.traps, request)

    async def say(self, request: Request) -> Response:
        """Make a participant write in a course's forum: {"username", "course", "text"}."""
        wish = await _json(request)
        author = next(
            (who for who in self.evening.people if who.username == wish.get("username")), None
        )
        course = next(
            (item for item in self.evening.courses if str(item.id) == str(wish.get("course"))), None
        )
        text = wish.get("text")
        if not author or not course or not isinstance(text, str) or not text:
            return _wrong("username, course (Moodle's id) and text must be right.")
        if author.id in self.evening.suspended:
            return PlainTextResponse("This account is suspended.\n", status_code=403)
        planned = chatter.Planned(self.evening.clock.seconds(), course, author, text, 0.5, "")
        post = chatter.write(self.evening.forums, planned, self.evening.clock)
        return JSONResponse(_written(post))


async def _turn(switches: Mapping[str, Switch], request: Request) -> Response:
    switch = switches.get(request.path_params["name"])
    if not switch:
        return PlainTextResponse(f"Known: {', '.join(switches)}.\n", status_code=404)
    wish = await _json(request)
    on = wish.pop("on", None)
    if not isinstance(on, bool):
        return _wrong('"on" must be true or false.')
    settings = {key: value for key, value in wish.items() if isinstance(value, str | int | float)}
    try:
        if len(settings) < len(wish):
            raise ValueError("Settings are numbers and words.")
        switch.turn(on, settings)
    except ValueError as problem:
        return _wrong(f"{problem} It has: {', '.join(switch.settings) or 'no settings'}.")
    return JSONResponse(switch.state())


async def _json(request: Request) -> dict[str, object]:
    try:
        wish = await request.json()
    except ValueError:
        return {}
    return wish if isinstance(wish, dict) else {}


def _wrong(sentence: str) -> Response:
    return PlainTextResponse(sentence + "\n", status_code=400)


def _person(person: Person) -> dict[str, object]:
    return {
        "id": person.id,
        "username": person.username,
        "password": person.password,
        "name": person.name,
        "email": person.email,
        "role": person.role,
        "language": person.language,
        "level": person.level,
        "group": person.group,
    }


def _written(post: Post) -> dict[str, int]:
    return {"post": post.id, "discussion": post.discussion, "parent": post.parent}
