-- part: following
-- That a term f follows the contract c: another one of its licence, without a day between, and longer. The one by which
-- it was taken up again follows a lapse, also where it begins on the day after the last one.
f.licence = c.licence and f.stream <> c.stream and f.stream is distinct from c.successor
    and f.first_day <= c.last_day + 1 and f.last_day > c.last_day

-- name: terms_that_ended
-- Contracts whose term is over and that have no end yet, the earliest end first; `covered_until` itself is not covered.
-- With the one that follows, where a term of the same licence goes on: without a day between, and longer.
select c.stream, h.id as head, c.covered_until, c.last_day, c.centre, c.correlation, c.customer, c.licence,
    following.stream as continued_by,
    l.stream as licence_stream, l.sequence as licence_sequence, l.list_value, l.currency, l.added
from contracts c
join streams_contracts h using (stream)
left join licences l on l.stream = c.licence and c.licence_kind = 'perpetual'
left join lateral (
    select f.stream from terms f
    where {following}
    order by f.first_day, f.stream limit 1) following on true
where c.state = 'active' and c.covered_until <= :now
order by c.covered_until, c.stream
limit :most;

-- name: terms_that_began
-- Contracts whose first day has come and of which that is not noted, the earliest first.
select c.stream, h.id as head, c.begins_at, c.correlation, c.customer
from contracts c
join streams_contracts h using (stream)
where c.state = 'active' and not c.begun and c.begins_at <= :now
order by c.begins_at, c.stream
limit :most;

-- name: zones_of_contracts
-- The zones in which the days of contracts are counted that may be renewed.
with recursive known as (
    (select zone from contracts where state = 'active' and licence_kind = 'perpetual' order by zone limit 1)
    union all
    select (
        select c.zone from contracts c
        where c.state = 'active' and c.licence_kind = 'perpetual' and c.zone > k.zone order by c.zone limit 1)
    from known k where k.zone is not null
)
select zone from known where zone is not null;

-- name: renewals_to_tell
-- Contracts of whose end something is to be told: for each of the places in the first lists, those of which so much was
-- told and no more, and that end within so many days from the local date of their zone, which the other lists have.
-- None of those that another term of the licence follows. Each place is looked for by itself, in the order of the days:
-- the contracts of which nothing is to be told are not gone through.
select c.stream, h.id as head, c.correlation, c.customer, c.licence, c.centre, c.zone, c.last_day, c.covered_until,
    c.told, c.known_at, k.reminders,
    l.stream as licence_stream, l.sequence as licence_sequence, l.list_value, l.currency, l.added
from unnest(cast(:told as int[]), cast(:days as int[])) as asked (told, days)
cross join unnest(cast(:zones as text[]), cast(:dates as date[])) as local (zone, today)
cross join lateral (
    select * from contracts c
    where c.zone = local.zone and c.told = asked.told and c.state = 'active' and c.licence_kind = 'perpetual'
        and c.last_day <= local.today + asked.days and c.covered_until > :now
        and not exists (select from terms f where {following})
    order by c.last_day
    limit :most) c
join streams_contracts h on h.stream = c.stream
left join customers k on k.stream = c.customer
left join licences l on l.stream = c.licence
order by c.last_day, c.stream
limit :most;

-- name: next_renewals_to_tell
-- Of the contracts of which so much was told and no more, in each zone the nearest last day.
select asked.days, local.zone, near.last_day
from unnest(cast(:told as int[]), cast(:days as int[])) as asked (told, days)
cross join unnest(cast(:zones as text[])) as local (zone)
cross join lateral (
    select c.last_day from contracts c
    where c.zone = local.zone and c.told = asked.told and c.state = 'active' and c.licence_kind = 'perpetual'
        and not exists (select from terms f where {following})
    order by c.last_day limit 1) near
order by near.last_day, local.zone;

-- name: next_term_edge
-- The next instant of plan time at which a term ends, or a contract begins.
select least(
    (select min(covered_until) from contracts where state = 'active'),
    (select min(begins_at) from contracts where state = 'active' and not begun)) as at;

-- name: notice_offsets
-- When terms that end are told of, as published; no row where nothing is.
select content from plan_parts where part = 'reminders' order by stream limit 1;

-- name: calendars
-- The opening hours of centres, as published.
select name as centre, content from plan_parts where part = 'calendar' order by name;

-- name: tombstones_owed
-- Private records of erased persons that still stand in the private topic, also those that came after the erasure. Each
-- erased person is looked for: the records of all others, however many, are not read.
select owed.key
from (select distinct person from erased_persons) e
cross join lateral (
    select p.key from private_records p
    where substring(p.key from '^person/[^/]+/[^/]+') = e.person
    limit :most) owed
order by owed.key
limit :most;
