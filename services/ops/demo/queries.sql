-- name: tickets_asked_for
-- How many tickets of each centre and channel are open, held or refused, and why refused (intake).
select centre, channel, state, reason, count(*) as number from tickets group by centre, channel, state, reason;

-- name: promises_made
-- How many promises of each centre and channel are waiting, met or breached, and whether somebody was warned (sla_timer).
select centre, channel, state, warned > 0 as warned, count(*) as number from promises group by 1, 2, 3, 4;

-- name: notices_told
-- How many notices of each class were sent or not, and what the problem was (notification).
select notice_class, state, problem, count(*) as number from notices group by notice_class, state, problem;
