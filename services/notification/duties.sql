-- name: notices_to_send
-- Notices that may be handed over now, with all that is needed to write them: requested, due to be tried again, or
-- ambiguous and to be sent once more; never to an erased person, and only where the recipient's record is here: that of
-- a person, or of a centre. Operations can always be written to.
select
    n.stream, h.id as head, n.correlation, n.attempts + 1 as attempt, n.message_id, n.role, n.language, n.template,
    n.facts, p.value as person, c.mailbox, c.sheet as centre
from notices n
join heads_notices h using (stream)
left join private_records p on p.key = n.private_key
left join lateral (
    select mailbox, sheet from centres c where c.centre = n.centre order by c.stream limit 1) c on true
where (n.state = 'requested'
        or (n.state = 'deferred' and n.retry_at <= :now)
        or (n.state = 'ambiguous' and n.will_resend))
    and (p.value is not null or n.role = 'operations' or (n.private_key is null and c.mailbox is not null))
    and not exists (select from erased_persons e where e.person = n.person)
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
-- Notices that are still to be sent to a person who has been erased.
select n.stream, h.id as head, n.correlation
from notices n
join heads_notices h using (stream)
where (n.state in ('requested', 'deferred') or (n.state = 'ambiguous' and n.will_resend))
    and exists (select from erased_persons e where e.person = n.person)
order by n.stream
limit :most;
