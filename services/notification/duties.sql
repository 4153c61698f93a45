-- Duties of notices. Aliases in the parts: n a notice, p the promise that it is about, o what its recipient was told of
-- the same before.

-- part: n_is_to_be_sent
(n.state in ('requested', 'deferred') or (n.state = 'ambiguous' and n.will_resend))

-- part: p_and_o_beside_n
-- An acknowledgement may follow one without a deadline, a restatement a breach or another restatement.
left join promises p on p.stream = n.about_stream
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
            or (n.notice_class = 'acknowledgement' and e.notice_class = 'acknowledgement'))) o on true

-- part: cause_of_n
-- Why it is not to be sent any more; null where it may be.
(case
    when exists (select from erased_persons e where e.person = n.person) then 'person-erased'
    when (p.untrue -> n.template ->> 'sequence')::bigint > n.about_sequence then p.untrue -> n.template ->> 'cause'
    when n.notice_class = 'lapse' and exists (
        select from terms c
        join terms f on f.licence = c.licence and f.stream <> c.stream
            and f.first_day <= c.last_day + 1 and f.last_day > c.last_day
        where c.stream = n.about_stream) then 'continued'
    when n.notice_class = 'restatement' and not o.is_open and o.breached = (n.facts ->> 'reason' = 'breached')
        then 'nothing-to-correct'
end)

-- name: notices_to_send
-- Notices that may be handed over now, with all that is needed to write them: requested, due to be tried again, or
-- ambiguous and to be sent once more; never what has become untrue, nor to an erased person, and only where the
-- recipient's record is here: that of a person, or of a centre. Operations can always be written to. What corrects
-- something waits for what becomes of that.
select
    n.stream, h.id as head, n.correlation, n.attempts + 1 as attempt, n.message_id, n.role, n.language, n.template,
    n.facts, v.value as person, c.mailbox, c.sheet as centre,
    p.due_at, p.answered_at, p.withdrawn_at, o.told as acknowledged
from notices n
join heads_notices h using (stream)
left join private_records v on v.key = n.private_key
left join lateral (
    select mailbox, sheet from centres c where c.centre = n.centre order by c.stream limit 1) c on true
{p_and_o_beside_n}
where {n_is_to_be_sent} and (n.state <> 'deferred' or n.retry_at <= :now)
    and (v.value is not null or n.role = 'operations' or (n.private_key is null and c.mailbox is not null))
    and {cause_of_n} is null and not o.is_open
order by n.requested_at, n.stream
limit :most;

-- name: claims_to_abandon
-- Claims without a result that are older, by the machine's clock, than a hand-over can last.
select n.stream, h.id as head, n.correlation, n.process, n.attempts as attempt
from notices n
join heads_notices h using (stream)
where n.state = 'handing-over' and n.claimed_wall <= :claimed_before
order by n.claimed_wall, n.stream
limit :most;

-- name: notices_to_cancel
-- Notices that are still to be sent and have become untrue, or whose recipient has been erased, with the cause.
select n.stream, h.id as head, n.correlation, {cause_of_n} as cause
from notices n
join heads_notices h using (stream)
{p_and_o_beside_n}
where {n_is_to_be_sent} and {cause_of_n} is not null
order by n.stream
limit :most;

-- name: causes_not_to_send
-- Of some notices those that are not to be sent any more, with the cause.
select n.stream, {cause_of_n} as cause
from notices n
{p_and_o_beside_n}
where n.stream = any (cast(:streams as text[])) and {cause_of_n} is not null;
