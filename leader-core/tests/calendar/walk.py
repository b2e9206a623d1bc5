#!/usr/bin/env python3
"""Makes series.txt: walks through time second by second (or minute by minute), by Python's own time
zones, and asks of each moment whether Vixie cron would start the job there. It shares no code and
no idea of how a next instant is found with the crate that is tested against it.

    python3 walk.py > series.txt

The rule is that of Vixie cron 3.0 and later. A job whose minute or hour (here also: whose second)
begins with `*` goes by the clock as it is. Any other is due at each time of day once: what the
clock has left out is made up for at once, and what it shows a second time is over. A day must be
right by its number and by its weekday where one of these begins with `*`; else either will do.
"""

import calendar
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

# why; the schedule; from when; how many. Of zones whose rules change often, years that have passed:
# the database of the machine may be another than the one that is built in.
SERIES = [
    ("Oslo, spring: 02:30 does not exist, and is made up for at 03:00",
     "cron 30 2 * * * tz Europe/Oslo", "2026-03-27T12:00:00Z", 4),
    ("Oslo, spring: times on both sides of the gap come once each",
     "cron 30 1,3 * * * tz Europe/Oslo", "2026-03-28T12:00:00Z", 4),
    ("Oslo, spring: the end of the gap itself",
     "cron 0 3 * * * tz Europe/Oslo", "2026-03-28T12:00:00Z", 3),
    ("Oslo, spring: several times within the gap are made up for together, once",
     "cron 0,20,40 2 * * * tz Europe/Oslo", "2026-03-28T12:00:00Z", 5),
    ("Oslo, spring: each half hour goes by real time",
     "cron */30 * * * * tz Europe/Oslo", "2026-03-28T23:59:00Z", 6),
    ("Oslo, spring: each second hour is a wildcard, and what the gap swallows is not made up for",
     "cron 30 */2 * * * tz Europe/Oslo", "2026-03-28T22:00:00Z", 4),
    ("Oslo, spring: seconds too",
     "cron 15 59 1,2 * * * tz Europe/Oslo", "2026-03-28T12:00:00Z", 4),
    ("Oslo, autumn: 02:30 comes twice, and is due the first time",
     "cron 30 2 * * * tz Europe/Oslo", "2026-10-23T12:00:00Z", 4),
    ("Oslo, autumn: half past each hour is due in both",
     "cron 30 * * * * tz Europe/Oslo", "2026-10-24T22:45:00Z", 5),
    ("Oslo, autumn: each ten minutes of the hour that comes twice",
     "cron */10 2 * * * tz Europe/Oslo", "2026-10-24T23:30:00Z", 13),
    ("Oslo, autumn: 03:00 comes after both",
     "cron 0 3 * * * tz Europe/Oslo", "2026-10-24T12:00:00Z", 2),
    ("Oslo, the last Sunday of October is the night of the change",
     "cron 15 2 * * 0L tz Europe/Oslo", "2026-09-01T00:00:00Z", 3),
    ("New York, spring",
     "cron 30 2 * * * tz America/New_York", "2026-03-07T00:00:00Z", 3),
    ("New York, autumn: 01:30 comes twice",
     "cron 30 1 * * * tz America/New_York", "2026-10-31T00:00:00Z", 3),
    ("New York, a working day's evening keeps its wall clock over the change",
     "cron 0 18 * * MON-FRI tz America/New_York", "2026-10-29T00:00:00Z", 4),
    ("Sydney, whose spring is in October",
     "cron 5 2 * * * tz Australia/Sydney", "2026-10-02T12:00:00Z", 3),
    ("Sydney, whose autumn is in April",
     "cron 5 2 * * * tz Australia/Sydney", "2026-04-03T12:00:00Z", 3),
    ("Auckland, autumn: each quarter of the hour that comes twice",
     "cron */15 2 * * * tz Pacific/Auckland", "2026-04-04T13:00:00Z", 9),
    ("Cairo, whose gap is at midnight: the day begins at 01:00",
     "cron 0 0 * * * tz Africa/Cairo", "2026-04-22T00:00:00Z", 4),
    ("Beirut, whose clock goes from midnight back into the day before",
     "cron 30 23 * * * tz Asia/Beirut", "2026-10-23T00:00:00Z", 3),
    ("Beirut, midnight of that night comes after 23:59 has come twice",
     "cron 0 0 * * * tz Asia/Beirut", "2026-10-23T00:00:00Z", 3),
    ("Havana, whose midnight comes twice",
     "cron 0 0 * * * tz America/Havana", "2025-10-31T12:00:00Z", 3),
    ("Santiago, a day of the month whose midnight does not exist",
     "cron 0 0 6 9 * tz America/Santiago", "2026-01-01T00:00:00Z", 2),
    ("Lord Howe, whose gap is half an hour",
     "cron 15 2 * * * tz Australia/Lord_Howe", "2026-10-02T00:00:00Z", 3),
    ("Lord Howe, whose autumn repeats half an hour",
     "cron 45 1 * * * tz Australia/Lord_Howe", "2026-04-03T00:00:00Z", 3),
    ("Lord Howe, each quarter through that half hour",
     "cron */15 * * * * tz Australia/Lord_Howe", "2026-04-04T14:20:00Z", 6),
    ("St John's, three and a half hours behind",
     "cron 30 2 * * * tz America/St_Johns", "2026-03-06T12:00:00Z", 3),
    ("Chatham, twelve hours and three quarters ahead: the gap begins at 02:45",
     "cron 0 3 * * * tz Pacific/Chatham", "2026-09-25T12:00:00Z", 3),
    ("Troll, whose gap is two hours",
     "cron 30 1 * * * tz Antarctica/Troll", "2026-03-27T12:00:00Z", 3),
    ("Troll, whose autumn repeats two hours: the hour of each goes by real time",
     "cron 0 * * * * tz Antarctica/Troll", "2026-10-24T23:30:00Z", 5),
    ("Kathmandu, which has no summer time",
     "cron 15 6 * * * tz Asia/Kathmandu", "2026-03-28T12:00:00Z", 3),
    ("a leap day, by UTC",
     "cron 0 12 29 2 *", "2026-01-01T00:00:00Z", 2),
    ("the last day of February, leap year or not",
     "cron 0 0 L 2 * tz Europe/Oslo", "2027-01-01T00:00:00Z", 3),
    ("the end of the year by the second, in a zone that is ahead",
     "cron 59 59 23 31 12 * tz Pacific/Auckland", "2026-06-01T00:00:00Z", 2),
    ("New Year where it comes last",
     "cron 0 0 1 1 * tz Pacific/Pago_Pago", "2026-06-01T00:00:00Z", 2),
    ("a day of the month or a weekday, over the end of a year",
     "cron 0 0 31 * MON", "2026-12-20T00:00:00Z", 5),
    ("a day that begins with a star, and a weekday: both, the Saturdays that are odd days",
     "cron 0 16 */2 * SAT", "2026-08-01T00:00:00Z", 6),
    ("a star with a step of one is still a star: Mondays",
     "cron 0 0 */1 * MON", "2026-11-27T00:00:00Z", 3),
    ("a weekday that begins with a star, and days: both",
     "cron 0 12 1-15 * */3", "2026-11-01T00:00:00Z", 7),
    ("a list that begins with a star, and a weekday: both",
     "cron 0 0 */10,5 * FRI", "2026-01-01T00:00:00Z", 6),
    ("a list that begins with a number, and a weekday: either",
     "cron 0 0 5,*/10 * FRI", "2026-11-01T00:00:00Z", 9),
    ("29 February where it is a Sunday",
     "cron 0 0 29 2 */7", "2026-01-01T00:00:00Z", 3),
    ("29 February over the century",
     "cron 0 0 29 2 * tz Europe/Oslo", "2090-01-01T00:00:00Z", 3),
    ("three days before the last",
     "cron 0 0 L-3 * *", "2027-12-01T00:00:00Z", 5),
    ("thirty days before the last, where there is such a day",
     "cron 0 0 L-30 * *", "2026-01-15T00:00:00Z", 4),
    ("the day before the last of February, leap year or not",
     "cron 30 1 L-1 2 * tz Europe/Oslo", "2026-06-01T00:00:00Z", 3),
    ("the working day nearest the 15th",
     "cron 0 9 15W * * tz America/New_York", "2026-02-01T00:00:00Z", 8),
    ("the working day nearest the 1st stays in its month",
     "cron 0 9 1W * *", "2026-07-15T00:00:00Z", 5),
    ("the working day nearest the 31st, of months that have one",
     "cron 0 9 31W * *", "2026-09-01T00:00:00Z", 5),
    ("the working day nearest the 30th, not in February",
     "cron 0 9 30W * *", "2027-01-01T00:00:00Z", 4),
    ("the last working day",
     "cron 0 17 LW * * tz Europe/Oslo", "2026-01-01T00:00:00Z", 8),
    ("the last day and the last working day",
     "cron 0 0 L,LW * *", "2026-01-01T00:00:00Z", 5),
    ("the fifth Friday, of months that have one",
     "cron 0 0 * * 5#5", "2026-01-01T00:00:00Z", 5),
    ("the first Monday and the first Friday",
     "cron 0 6 * * MON#1,FRI#1 tz Asia/Tokyo", "2026-10-01T00:00:00Z", 5),
    ("the last Sunday and a step over the days: both",
     "cron 15 2 */5 * 0L tz Europe/Oslo", "2026-01-01T00:00:00Z", 3),
    ("a minute of the job's own",
     "cron H * * * * of service/clock call_time", "2026-11-30T00:00:00Z", 3),
    ("another job's, in an hour of its own among five, through the autumn",
     "cron H H(1-5) * * * tz Europe/Oslo of billing/charge charge", "2026-10-24T00:00:00Z", 4),
    ("each quarter from a minute of its own, within the hour that the spring leaves out",
     "cron H/15 2 * * * tz Europe/Oslo of billing/charge charge", "2026-03-28T00:00:00Z", 7),
    ("a second, a minute, an hour, a day and a month of its own",
     "cron H H H H H * of service/clock call_time", "2026-01-01T00:00:00Z", 2),
    ("a weekday of its own, and minutes of a range",
     "cron H(0-29)/10 8 * * H of service/clock call_time", "2026-11-30T00:00:00Z", 6),
    ("a place of its own in the hour",
     "every 1h jitter hash of service/clock call_time", "2026-11-30T00:00:00Z", 3),
    ("days that are left out, once and each year",
     "cron 0 9 * * MON-FRI tz Europe/Oslo except 2026-12-24..2027-01-02, 12-25",
     "2026-12-22T00:00:00Z", 4),
    ("days that are left out over the end of each year",
     "cron 0 0 * * * tz Pacific/Auckland except 12-30..01-02", "2026-12-27T12:00:00Z", 4),
    ("the night of the change is left out, and not made up for",
     "cron 30 2 28-30 3 * tz Europe/Oslo except 2026-03-29", "2026-03-01T00:00:00Z", 3),
    ("29 February is left out",
     "cron 0 0 L 2 * except 02-29", "2026-01-01T00:00:00Z", 3),
    ("the grid knows no summer time",
     "every 6h", "2026-03-28T20:00:00Z", 4),
    ("an offset shifts it",
     "every 1h offset 10m", "2026-10-24T23:30:00Z", 4),
    ("the offset just below the interval",
     "every 1m offset 59s 999ms", "2026-12-31T23:58:30Z", 3),
    ("an interval that no day is a multiple of counts from the epoch",
     "every 7h offset 30m", "2026-12-31T12:00:00Z", 4),
    ("a day's grid is the day of UTC, and the leap day is one",
     "every 1d offset 5h", "2028-02-27T23:00:00Z", 4),
    ("before the epoch too",
     "every 90s offset 45s", "1969-12-31T23:58:00Z", 3),
]

NAMES = {name.upper()[:3]: i for i, name in enumerate(calendar.day_name, 1)}
NAMES |= {name.upper()[:3]: i for i, name in enumerate(calendar.month_name) if i}


def numbers(field, least, most):
    """What a field of a cron expression allows, by its numbers."""
    found = set()
    for item in field.split(","):
        span, _, step = item.partition("/")
        if span == "*":
            first, last = least, most
        else:
            ends = [NAMES.get(end) or int(end) for end in span.split("-")]
            first, last = ends[0], ends[-1]
        found |= set(range(first, last + 1, int(step or 1)))
    return found


def month(day):
    last = calendar.monthrange(day.year, day.month)[1]
    return [day.replace(day=number) for number in range(1, last + 1)]


def is_working(day):
    return day.isoweekday() < 6


def is_day(text, day):
    return any(is_day_of(item, day) for item in text.split(","))


def is_day_of(item, day):
    days = month(day)
    if item == "LW":
        return day == [day for day in days if is_working(day)][-1]
    if item.startswith("L"):
        return day.day == len(days) - int(item[2:] or 0)
    if item.endswith("W"):
        wanted = int(item[:-1])
        near = sorted(filter(is_working, days), key=lambda other: abs(other.day - wanted))
        return wanted <= len(days) and day == near[0]
    return day.day in numbers(item, 1, 31)


def is_weekday(text, day):
    return any(is_weekday_of(item, day) for item in text.split(","))


def is_weekday_of(item, day):
    same = [other for other in month(day) if other.isoweekday() == day.isoweekday()]
    if item.endswith("L"):
        return day == same[-1] and is_weekday_of(item[:-1], day)
    item, _, nth = item.partition("#")
    if nth and (len(same) < int(nth) or day != same[int(nth) - 1]):
        return False
    return day.isoweekday() % 7 in {number % 7 for number in numbers(item, 0, 7)}


def place(job, of, count):
    """Which of so many places a job has, by the hash that the documentation describes."""
    key, name = job.split()
    mask, value = 2**64 - 1, 0xCBF29CE484222325
    for byte in f"{key}\0{name}\0{of}".encode():
        value = (value ^ byte) * 0x100000001B3 & mask
    value ^= value >> 33
    value = value * 0xFF51AFD7ED558CCD & mask
    value ^= value >> 33
    value = value * 0xC4CEB9FE1A85EC53 & mask
    value ^= value >> 33
    return value * count >> 64


def hashed(field, job, of, least, most):
    """A field with the job's own values in the place of an H."""
    if not field.startswith("H"):
        return field
    span, _, step = field.partition("/")
    if span != "H":
        least, most = (int(end) for end in span[2:-1].split("-"))
    if not step:
        return str(least + place(job, of, most - least + 1))
    return f"{least + place(job, of, int(step))}-{most}/{step}"


HASHED = [("second", 0, 59), ("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 28),
          ("month", 1, 12), ("weekday", 0, 6)]


def is_left_out(text, wall):
    for item in text.split(", "):
        first, _, last = item.partition("..")
        last = last or first
        today = wall.strftime("%Y-%m-%d" if len(first) == 10 else "%m-%d")
        if first <= today <= last or (last < first and (today >= first or today <= last)):
            return True
    return False


def cron(text, start, count):
    text, _, job = text.partition(" of ")
    text, _, left_out = text.partition(" except ")
    text, _, zone = text.partition(" tz ")
    zone = ZoneInfo(zone or "UTC")
    fields = text.split()
    step = timedelta(seconds=1 if len(fields) == 6 else 60)
    fields = ["0"] * (6 - len(fields)) + fields
    fields = [hashed(field, job, *places) for field, places in zip(fields, HASHED)]
    second, minute, hour, day, month, weekday = fields
    by_real_time = any(field.startswith("*") for field in (second, minute, hour))
    seconds, minutes, hours = numbers(second, 0, 59), numbers(minute, 0, 59), numbers(hour, 0, 23)
    months = numbers(month, 1, 12)

    def is_today(wall):
        if wall.month not in months or (left_out and is_left_out(left_out, wall)):
            return False
        if day.startswith("*") or weekday.startswith("*"):
            return is_day(day, wall) and is_weekday(weekday, wall)
        return is_day(day, wall) or is_weekday(weekday, wall)

    def is_due(wall):
        time = wall.second in seconds and wall.minute in minutes and wall.hour in hours
        return time and is_today(wall)

    def at(instant):
        return instant.astimezone(zone).replace(tzinfo=None)

    # the furthest that the clock has shown, from two days before the start on
    instant = start - timedelta(days=2)
    shown = max(at(instant - step * n) for n in range(0, int(timedelta(hours=3) / step), 1))
    found = []
    while len(found) < count:
        instant += step
        wall = at(instant)
        if by_real_time:
            due = is_due(wall)
        else:
            due = False
            while shown < wall:
                shown += step
                due = due or is_due(shown)
        if due and instant > start:
            found.append((instant, wall))
        # where nothing is due for days: a walk of years would take too long
        far = wall + timedelta(days=2)
        if not is_today(wall) and not is_today(wall + timedelta(days=1)) and not is_today(far):
            instant += timedelta(hours=12)
            shown = max(shown, at(instant))
    return found


def span(text):
    units = {"ms": 1000, "s": 10**6, "m": 60 * 10**6, "h": 3600 * 10**6, "d": 86400 * 10**6}
    parts = [part for part in text.split() if part]
    found = timedelta()
    for part in parts:
        unit = part.lstrip("0123456789")
        found += timedelta(microseconds=int(part[: -len(unit)]) * units[unit])
    return found


def every(text, start, count):
    """From the epoch on or back, a beat at a time: the long way, since a division would be ours."""
    text, _, job = text.partition(" of ")
    text, _, by_hash = text.partition(" jitter ")
    interval, _, offset = text.partition(" offset ")
    interval = span(interval)
    own = place(job, "every", interval // timedelta(milliseconds=1)) if by_hash else 0
    beat = datetime(1970, 1, 1, tzinfo=timezone.utc) + span(offset) + timedelta(milliseconds=own)
    while beat > start:
        beat -= interval
    found = []
    while len(found) < count:
        beat += interval
        if beat > start:
            found.append((beat, beat.replace(tzinfo=None)))
    return found


def main():
    print("# When schedules are due, made by walk.py beside this file: it walks through time by")
    print("# Python's own time zones. Each series: why, the schedule, from when; then each instant,")
    print("# and what the clock of its zone shows there.")
    for why, schedule, start, count in SERIES:
        kind, _, text = schedule.partition(" ")
        begin = datetime.fromisoformat(start.replace("Z", "+00:00"))
        found = (cron if kind == "cron" else every)(text, begin, count)
        print(f"\n## {why}\n{schedule}\nfrom {start}")
        for instant, wall in found:
            utc = instant.replace(tzinfo=None).isoformat(timespec="auto")
            utc = utc.rstrip("0") if "." in utc else utc
            print(f"{utc}Z  # {wall:%a %H:%M:%S}")


main()
