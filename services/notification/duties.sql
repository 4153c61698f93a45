-- Duties of notices. Aliases in the parts: n a notice, p the promise, k the contract and t the ticket that it is about, o
-- what its recipient was told of the same before.

-- part: n_is_to_be_sent
(n.state in ('requested', 'deferred') or (n.state = 'ambiguous' and n.will_resend))

-- part: what_is_beside_n
-- An acknowledgement may follow one without a deadline, a restatement a breach or another restatement, a reversed lapse
-- the lapse, restated cover the refusal.
left join promises p on p.stream = n.about_stream
left join contracts k on k.stream = n.about_stream
left join tickets t on t.stream = n.about_stream
left join lateral (
    select
        coalesce(bool_or(e.state = 'handing-over' or e.state in ('requested', 'deferred') or
            (e.state = 'ambiguous' and e.will_resend)), false) as is_open,
        coalesce(bool_or(e.told), false) as told,
        coalesce((array_agg(e.notice_class = 'breach' or e.facts ->> 'reason' = 'breached'
            order by e.about_sequence desc nulls last) filter (where e.told))[1], false) as breached
    from notices e
    where e.about_stream = n.about_stream and e.role = n.role and e.stream <> n.stream
        and coalesce(e.about_sequence, 0) < n.about_sequence
        and ((n.notice_class = 'restatement' and e.notice_class in ('breach', 'restatement'))
            or (n.notice_class = 'acknowledgement' and e.notice_class = 'acknowledgement')
            or (n.notice_class = 'cover-restated' and e.notice_class = 'refusal')
            or (n.notice_class = 'lapse-reversed' and e.notice_class = 'lapse'
                and e.facts ->> 'lapsed_at' = n.facts ->> 'lapsed_at'))) o on true

-- part: cause_of_n
-- Why it is not to be sent any more; null where it may be.
(case
    when exists (select from erased_persons e where e.person = n.person) then 'person-erased'
    when (p.untrue -> n.template ->> 'sequence')::bigint > n.about_sequence then p.untrue -> n.template ->> 'cause'
    when (t.untrue -> n.template ->> 'sequence')::bigint > n.about_sequence then t.untrue -> n.template ->> 'cause'
    when (k.untrue -> n.template ->> 'sequence')::bigint > n.about_sequence then k.untrue -> n.template ->> 'cause'
    when n.notice_class in ('renewal-offer', 'renewal-reminder', 'lapse') and k.taken_up then 'resubscribed'
    when n.notice_class in ('renewal-offer', 'renewal-reminder', 'lapse') and exists (
        select from terms c
        join terms f on f.licence = c.licence and f.stream <> c.stream
            and f.first_day <= c.last_day + 1 and f.last_day > c.last_day
        where c.stream = n.about_stream and c.last_day = coalesce((n.facts ->> 'last_day')::date, c.last_day))
        then 'continued'
    when n.notice_class = 'renewal-reminder' and exists (
        select from customers u where u.stream = n.facts ->> 'customer' and not u.reminders) then 'not-wanted'
    when n.notice_class = 'restatement' and not o.is_open and o.breached = (n.facts ->> 'reason' = 'breached')
        then 'nothing-to-correct'
    when n.template = 'cover-restated' and not o.is_open and not o.told then 'nothing-to-correct'
end)

-- name: notices_to_send
-- Notices that may be handed over now, with all that is needed to write them: requested (from its instant on, where it
-- has one), due to be tried again, or ambiguous and to be sent once more; never what has become untrue, nor to an erased person, and only where the
-- recipient's record is here: that of a person, or of a centre. Operations can always be written to. What corrects
-- something waits for what becomes of that.
select
    n.stream, h.id as head, n.correlation, n.attempts + 1 as attempt, n.message_id, n.role, n.language, n.territory,
    n.template, n.facts, v.value as person, c.mailbox, c.sheet as centre, x.sheet as team,
    p.due_at, coalesce(p.answered_at, t.answered_at) as answered_at, p.withdrawn_at, o.told
from notices n
join streams_notices h using (stream)
left join private_records v on v.key = n.private_key
left join lateral (
    select mailbox, sheet from centres c where c.centre = n.centre order by c.stream limit 1) c on true
left join lateral (
    select sheet from centres c where c.centre = n.facts ->> 'team' order by c.stream limit 1) x on true
{what_is_beside_n}
where {n_is_to_be_sent} and (n.state <> 'deferred' or n.retry_at <= :now)
    and (n.state <> 'requested' or n.not_before is null or n.not_before <= :now)
    and (v.value is not null or n.role = 'operations' or (n.private_key is null and c.mailbox is not null))
    and {cause_of_n} is null and not o.is_open
order by n.requested_at, n.stream
limit :most;

-- name: claims_to_abandon
-- Claims without a result that are older, by the machine's clock, than a hand-over can last.
select n.stream, h.id as head, n.correlation, n.process, n.attempts as attempt
from notices n
join streams_notices h using (stream)
where n.state = 'handing-over' and n.claimed_wall <= :claimed_before
order by n.claimed_wall, n.stream
limit :most;

-- name: notices_to_cancel
-- Notices that are still to be sent and have become untrue, or whose recipient has been erased, with the cause.
select n.stream, h.id as head, n.correlation, {cause_of_n} as cause
from notices n
join streams_notices h using (stream)
{what_is_beside_n}
where {n_is_to_be_sent} and {cause_of_n} is not null
order by n.stream
limit :most;

-- name: lapses_to_take_back
-- Lapses that were told and are none after all: a contract that was submitted later joins the term without a gap, and
-- still runs. The notice of it, which is not there yet, is named after the event of that contract.
select distinct on (n.stream)
    'notice/' || f.event || '/customer' as stream, null as head, n.correlation, n.about_stream as contract,
    n.facts ->> 'lapsed_at' as lapsed_at, f.stream as continued_by, f.event, f.sequence, f.customer, f.centre, f.zone,
    f.first_day, f.last_day
from notices n
join terms c on c.stream = n.about_stream and c.last_day = (n.facts ->> 'last_day')::date
join terms f on f.licence = c.licence and f.stream <> c.stream and f.first_day <= c.last_day + 1
    and f.last_day > c.last_day and f.submitted and f.covered_until > :now
join customers u on u.stream = f.customer
where n.notice_class = 'lapse' and n.told and not exists (
    select from notices x where x.stream = 'notice/' || f.event || '/customer' or (
        x.notice_class = 'lapse-reversed' and x.facts ->> 'contract' = n.about_stream
        and x.facts ->> 'lapsed_at' = n.facts ->> 'lapsed_at'))
order by n.stream, f.first_day, f.stream
limit :most;

-- name: causes_not_to_send
-- Of some notices those that are not to be sent any more, with the cause.
select n.stream, {cause_of_n} as cause
from notices n
{what_is_beside_n}
where n.stream = any (cast(:streams as text[])) and {cause_of_n} is not null;
