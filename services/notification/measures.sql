-- name: notices_measured
-- How many notices are not done with, by state, and since when the oldest; those that wait for an opening apart.
select case when state = 'requested' and not_before > :now then 'waiting-for-opening' else state end as state,
    count(*) as notices, min(requested_at) as since
from notices
where state in ('requested', 'handing-over', 'deferred', 'ambiguous', 'failed')
group by 1;
