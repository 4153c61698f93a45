-- name: notices_in_state
-- Notices with what became of them, the youngest first; without a state and a centre all of them.
select stream, state, notice_class, role, about_stream, person, centre, attempts, doubts, problem, smtp_code, cause,
    requested_at, changed_at, retry_at
from notices
where (:state::text is null or state = :state) and (:centre::text is null or centre = :centre)
order by requested_at desc, stream
limit :most;

-- name: notices_about
-- The notices that tell of something on one of these streams.
select stream from notices where about_stream = any(:streams::text[]) order by requested_at, stream;

-- name: customers_with_contact
-- The customers whose contact a person is.
select stream from customers where contact = :person order by stream;

-- name: private_contents
-- What is personal in door records, by their keys.
select key, value from private_records where key = any(:keys::text[]);

-- name: generations_of
-- All builds of a reader's tables, the youngest first; `in_use` where the pointer names it.
select g.version, g.generation, g.schema, g.state, g.begun_at, g.proof,
    g.proof is not null and (g.proof ->> 'equal')::boolean as proved, p.generation is not null as in_use
from olcare.generation g
left join olcare.pointer p using (reader, version, generation)
where g.reader = :reader
order by g.version desc, g.generation desc;

-- name: promises_reported
-- Promises with a deadline in a span of time: the restated one, where that ledger is asked for and there is one; where
-- there is no deadline, the opening. The part of the certificate is there where an answer is measured by it;
-- the packed state, where that was put away.
select p.ticket, p.centre, p.channel, p.state, p.opened_at, p.due_at, p.responded_at, p.detected_at,
    p.calendar_centre, p.restated, p.restated_due_at, p.restated_because,
    case when p.responded_at is not null then convert_from(s.state, 'UTF8')::jsonb #>> '{promise,certificate,opened_at}' end as since,
    case when p.responded_at is not null then convert_from(s.state, 'UTF8')::jsonb #>> '{promise,certificate,intervals}' end as intervals,
    case when p.responded_at is not null then a.state end as packed
from promises p
left join states s using (stream)
left join away_sla a using (stream)
where (:centre::text is null or p.centre = :centre)
    and (:channel::text is null or p.channel = :channel)
    and (:customer::text is null or p.customer = :customer)
    and coalesce(case when :restated then p.restated_due_at end, p.due_at, p.opened_at) >= :since
    and coalesce(case when :restated then p.restated_due_at end, p.due_at, p.opened_at) < :until;

-- name: calendars_published
-- Every calendar that was published, in order.
select stream, sequence, published_at, content from calendars order by stream, sequence;

-- name: notice_to_preview
-- A notice with all that is needed to write its text.
select n.stream, n.role, n.language, n.territory, n.template, n.facts, n.state, n.notice_class, n.about_stream, n.person,
    n.centre as of_centre, n.attempts, n.doubts, n.problem, n.smtp_code, n.cause, n.requested_at, n.changed_at, n.retry_at, n.not_before,
    v.value as person_record, c.mailbox, c.sheet as centre, x.sheet as team, p.due_at,
    coalesce(p.answered_at, t.answered_at) as answered_at, p.withdrawn_at, n.told
from notices n
left join private_records v on v.key = n.private_key
left join lateral (
    select mailbox, sheet from centres c where c.centre = n.centre order by c.stream limit 1) c on true
left join lateral (
    select sheet from centres c where c.centre = n.facts ->> 'team' order by c.stream limit 1) x on true
left join promises p on p.stream = n.about_stream
left join tickets t on t.stream = n.about_stream
where n.stream = :notice;

-- name: notices_counted
-- How many notices are in each state, of a centre or of all, and since when the oldest of them is.
select state, count(*) as notices, min(requested_at) as since
from notices
where :centre::text is null or centre = :centre
group by state
order by state;
